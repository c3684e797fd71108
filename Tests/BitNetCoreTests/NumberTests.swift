// SPDX-License-Identifier: MIT
import BitNetCore
import Testing

@Suite struct NumberTests {
    @Test func `a real number becomes the nearest whole one that there is`() {
        #expect(
            [-1, -0.9, 0, 0.9, 255.9, 256, 1e300, .infinity, -.infinity].map(UInt8.init(clamping:))
                == [0, 0, 0, 0, 255, 255, 255, 255, 0])
        #expect(UInt64(clamping: 0x1p64) == .max && UInt64(clamping: 0x1p63) == 1 << 63)
        #expect(Int64(clamping: 0x1p63) == .max && Int64(clamping: -0x1p63) == .min)
        #expect(Int(clamping: -1e19) == .min && Int(clamping: -2.5) == -2)
        #expect(Int(clamping: Double.nan) == 0 && UInt32(clamping: -Double.nan) == 0)
    }

    @Test func `sums stop at the bound that they would pass, and products beyond it are none`() {
        #expect(UInt64.max.addingSaturating(1) == .max && UInt64(1).addingSaturating(2) == 3)
        #expect(Int64.min.addingSaturating(-1) == .min && Int64.max.addingSaturating(1) == .max)
        #expect(Int64.min.addingSaturating(.max) == -1)
        #expect(UInt64(1 << 32).multiplied(by: 1 << 32) == nil && UInt64(3).multiplied(by: 4) == 12)
        #expect(Int64.min.multiplied(by: -1) == nil)
    }

    @Test func `lengths of time are whole microseconds, none if they are negative`() {
        #expect(Duration.microseconds(1_500_000).wholeMicroseconds == 1_500_000)
        #expect((Duration.seconds(2) + .nanoseconds(1999)).wholeMicroseconds == 2_000_001)
        #expect(Duration.seconds(-3).wholeMicroseconds == 0)
        #expect(Duration(secondsComponent: .max, attosecondsComponent: 0).wholeMicroseconds == .max)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, 1e15, -1e300, 9e14])
    func `what has no digits left to show is a dash`(value: Double) {
        #expect(value.text(places: 5) == "–")
    }

    @Test func `steps have room for a prompt and for those who write`() {
        #expect(StepLayout.entryCountMax(hidden: 2560) == Limits.stepTokensMax)
        #expect(StepLayout.entryCountMax(hidden: 8192) == 959)
        #expect(StepLayout.prefillChunkMax(hidden: 8192) == 479)
        func settings(_ slots: Int, _ chunk: Int, _ hidden: Int) -> StageSettings {
            StageSettings(
                cache: CacheShape(slots: slots, context: 64), prefillChunk: chunk, hiddenSize: hidden,
                headType: .fast)
        }
        #expect(settings(16, 64, 2560).stepTokensMax == 80)
        // As many as one likes take turns, where they do not fit a step together.
        #expect(settings(Limits.slotsMax, 64, 2560).stepTokensMax == Limits.stepTokensMax)
        #expect(settings(Limits.slotsMax, 64, 2560).prefillChunk == 64)
        let wide = settings(16, 1024, 8192)
        #expect(wide.prefillChunk == 479 && wide.stepTokensMax == 495)
        let widest = settings(Limits.slotsMax, Limits.stepTokensMax, Limits.hiddenSizeMax)
        #expect(widest.stepTokensMax == 60 && widest.prefillChunk == 30)
    }
}
