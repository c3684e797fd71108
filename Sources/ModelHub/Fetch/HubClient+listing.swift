// SPDX-License-Identifier: MIT
import AsyncHTTPClient
import BitNetCore
import NIOCore
import NIOHTTP1

extension HubClient {
    /// All files of a repository.
    ///
    /// - Throws: ``HubError``, or ``JSONError`` for a page that is no listing.
    package func listing(_ reference: HubReference) async throws -> HubListing {
        var listing = HubListing()
        var path = reference.listingPath
        for _ in 0..<Limits.hubPagesMax {
            let (answer, page, link) = try await page(path, of: reference)
            guard answer.status == 200 else {
                throw HubRefusal.error(answer, of: reference.repository, file: nil)
            }
            try listing.add(page: page, origin: "the listing of \(reference.repository)")
            guard let link else { return listing }
            let next = try HubAddress(parsing: settings.hub.appending("/")).following(link)
            guard next.origin == settings.hub.origin,
                let start = next.rest.firstRange(of: "/api/")?.lowerBound
            else { throw HubError("the listing of \(reference.repository) goes on at another server") }
            path = String(next.rest[start...])
        }
        throw HubError("the listing of \(reference.repository) has more than \(Limits.hubPagesMax) pages")
    }

    /// One page; tried again while that may help.
    private func page(
        _ path: String, of reference: HubReference
    ) async throws -> (answer: HubAnswer, bytes: [UInt8], next: String?) {
        var delays = settings.delays
        while true {
            let reason: String
            var retryAfter: String?
            do {
                let (answer, response, _) = try await get(path)
                guard answer.status == 408 || answer.status == 429 || answer.status >= 500 else {
                    let bytes = try await bytes(of: response.body, reference)
                    let link = HubListing.next(link: response.headers.first(name: "link"))
                    return (answer, bytes, link)
                }
                reason = "answers with status \(answer.status)"
                retryAfter = answer.retryAfter
            } catch let error where !(error is any RemediableError || error is CancellationError) {
                reason = "does not answer: \(error.words)"
            }
            try Task.checkCancellation()
            guard let delay = delays.failed(retryAfter: retryAfter) else {
                throw HubError(
                    "\(settings.hub.origin) \(reason)\(retryAfter.map { ", to be asked again in \($0) s" } ?? ""); is "
                        + "it reached without a proxy (HTTPS_PROXY), or by a mirror (--mirror URL)?")
            }
            try await Task.sleep(for: delay)
        }
    }

    private func bytes(
        of body: some AsyncSequence<ByteBuffer, any Error>, _ reference: HubReference
    ) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await buffer in body {
            guard bytes.count + buffer.readableBytes <= Limits.hubPageBytesMax else {
                throw HubError(
                    "a page of the listing of \(reference.repository) has more than "
                        + "\(Limits.hubPageBytesMax) bytes")
            }
            bytes += buffer.readableBytesView
        }
        return bytes
    }
}
