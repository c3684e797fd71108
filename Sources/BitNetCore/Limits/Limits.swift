// SPDX-License-Identifier: MIT

/// Every bound on what comes from outside, in one place; by subject in the extensions beside this file.
///
/// A size that comes from a peer, a file or a user is compared with one of these before it reaches an
/// allocator or a loop. What is only a matter of tuning (how much is tried, remembered or remarked) is a private
/// constant of the file that it tunes.
package enum Limits {
    // MARK: Frames (bytes of payload). Tested at the limit and one past it.

    /// A control message; protobuf-c can expand hostile input more than fifty-fold; 64 KiB keeps that small.
    package static let controlBytesMax = 64 << 10
    /// A piece of a weight part: large enough to fill a link, small enough to resume and to interleave.
    package static let weightBytesMax = 1 << 20
    /// A step's activations: 896 tokens of hidden size 8192 at 8.5 bits.
    package static let activationBytesMax = 8 << 20
    /// A step's results: 2048 tokens with 20 alternatives each, and the traces of 1024 stages.
    package static let outcomeBytesMax = 512 << 10

    // MARK: protobuf-c decoding

    /// Memory that one control message may take once decoded, bytes.
    package static let controlDecodedBytesMax = 1 << 20
    /// Allocations that one control message may make.
    package static let controlAllocationsMax = 4096

    // MARK: Model shape

    package static let layersMax = 1024
    package static let hiddenSizeMax = 1 << 17
    package static let feedForwardSizeMax = 1 << 18
    package static let headsMax = 1024
    package static let headSizeMax = 1024
    package static let vocabularyMax = 1 << 21
    package static let contextMax = 1 << 20

    // MARK: Pipeline

    package static let workersMax = 1024
    /// Stages that one worker serves: layers of so many lost workers, apart from each other, and its own.
    package static let workerStagesMax = 8
    package static let slotsMax = 4096
    /// Slots where nobody says how many: more would take memory that most never use.
    package static let defaultSlotsMax = 16
    /// Threads that compute a stage: more than any stage keeps at work.
    package static let threadsMax = 1024
    /// Tokens in one step: what fits `activationBytesMax` for the widest model is checked separately.
    package static let stepTokensMax = 2048
    /// Steps that wait for a stage's compute queue; who sends more breaks the protocol.
    package static let stageQueueStepsMax = 128
    /// Bytes of a frame that a compute thread sends itself: 20 tokens of hidden size 2560 are within it.
    ///
    /// Past it copying holds the thread up for as long as waking the event loop would.
    package static let directSendBytesMax = 64 << 10

    /// Sequences that wait or run; a coordinator refuses more.
    package static let sequencesMax = 4096

    /// Tokens of one sequence whose logits may be changed; OpenAI's bound is 300.
    package static let biasesMax = 1024
    /// The most probable tokens that may be returned with each token; OpenAI's bound.
    package static let alternativesMax = 20
    /// Tokens that are drafted for a sequence in one step; few texts repeat themselves for longer.
    package static let draftTokensMax = 16

    // MARK: Shards

    /// Parts of one shard: every layer, the embedding and the head.
    package static let partsMax = layersMax + 4
    package static let tensorsPerPartMax = 64
    /// One part file (one layer, or the embedding), bytes.
    package static let partBytesMax: UInt64 = 1 << 36

    // MARK: Model files

    package static let ggufKeysMax = 65_536
    package static let ggufTensorsMax = 1_000_000
    package static let ggufKeyBytesMax = 65_535
    package static let tensorNameBytesMax = 255
    package static let ggufAlignmentMax = 65_536
    /// A single string value (chat templates are the longest), bytes.
    package static let ggufStringBytesMax = 16 << 20

    /// Files among which one model's weights are divided.
    package static let modelFilesMax = 1024
    /// The header of a safetensors file, bytes; the format's own implementation has the same bound.
    package static let safeTensorsHeaderBytesMax = 100_000_000
    /// Dimensions of a tensor in a safetensors file.
    package static let safeTensorsRankMax = 8
    /// config.json and the index of a model's files, bytes.
    package static let modelConfigurationBytesMax = 64 << 20

    /// tokenizer.json, bytes; the largest published ones take 35 MB.
    package static let tokenizerFileBytesMax = 256 << 20
    /// Merges of a tokenizer; the largest published ones have half a million.
    package static let tokenizerMergesMax = 1 << 22
    /// A SentencePiece token, bytes: each of its halves is looked for, so loading takes the square of it.
    package static let mergedTokenBytesMax = 256
    /// A token that is looked for in a text under its own name, bytes: the known ones have fewer than fifty.
    package static let specialTokenBytesMax = 512
    /// Tokens that a configuration may name as ends of a generation.
    package static let stopTokensMax = 64
    /// Values in one component of tokenizer.json (normalizer, pre-tokenizer, post-processor); known ones have
    /// fewer than a hundred.
    package static let tokenizerComponentValuesMax = 4096

    // MARK: Writing models

    /// What one thread makes of a model before it is written, bytes: large enough for a disk, small enough that
    /// models larger than memory can be written.
    package static let writtenPieceBytes = 8 << 20

    // MARK: JSON

    /// Objects and arrays inside each other; what the reader recurses into.
    package static let jsonDepthMax = 64
    /// The text of one number, bytes.
    package static let jsonNumberBytesMax = 128
    /// Values of a text that is kept as a tree, such as the tools of a conversation: some MiB of memory.
    package static let jsonValuesMax = 1 << 16

    // MARK: Text

    /// A name from the network or from workers.yaml (cluster, worker, build), bytes of UTF-8.
    package static let nameBytesMax = 64
    /// A message for people that a peer may send, bytes of UTF-8.
    package static let messageBytesMax = 4096
    /// host:port, bytes.
    package static let addressBytesMax = 260
    /// A prompt, bytes of UTF-8; also all messages of a conversation, as they are sent.
    package static let promptBytesMax = 8 << 20
    /// The file of a chat template, bytes; the longest published ones have some 30 thousand.
    package static let chatTemplateBytesMax = 1 << 20
    /// A time as a chat template writes it, and the format for it, bytes.
    package static let timeTextBytesMax = 256
    /// Messages of one conversation.
    package static let chatMessagesMax = 4096

    /// Free space on a worker's disk below which an operator should look, bytes.
    package static let diskFreeBytesLow: UInt64 = 1 << 30

    // MARK: Connections

    /// Connections of one listener whose peers have proved themselves; a worker needs three, and refuses further ones.
    package static let connectionsMax = 64
    /// Connections of one listener whose peers have proved nothing yet: as many as may join at one moment.
    package static let strangersMax = 64
    /// Those of them from one address: a coordinator's and a doctor's come one after another.
    package static let strangersPerAddressMax = 32
    /// Proofs from one address that are checked in a second, besides right ones: less than a hundredth of a processor.
    package static let proofsPerSecond = 1000
    /// How often a proof that must wait for that is looked at again.
    package static let proofRetryInterval: Duration = .milliseconds(5)
    /// Addresses whose proofs are counted apart.
    package static let strangerAddressesMax = 1024
    /// Frames that nobody has taken before a connection stops reading: with 1 MiB of weights each, its memory.
    package static let waitingFramesMax = 4

    // MARK: Time

    package static let connectTimeout: Duration = .seconds(5)
    package static let handshakeTimeout: Duration = .seconds(5)
    /// How long the end of an encrypted connection waits for the peer to say that it has heard of it.
    package static let encryptionFarewellTimeout: Duration = .milliseconds(500)
    package static let heartbeatInterval: Duration = .milliseconds(500)
    /// Silence after which a peer, a connection or a step under way counts as lost, if nobody says.
    ///
    /// Under the five seconds in which a run must end.
    package static let lossTimeout: Duration = .seconds(3)
    /// What may be asked for instead, seconds: several heartbeats at least.
    package static let lossTimeoutSeconds = 2...600
    /// How long a coordinator waits for workers that are not up yet.
    package static let joinTimeout: Duration = .seconds(120)
    /// How long a worker that is busy is asked again after it must have noticed a coordinator that died.
    package static let busyGrace: Duration = .seconds(1)
    /// How long a worker that was taken over waits for its new coordinator before others may have it.
    package static let takeOverGrace: Duration = .seconds(10)
    /// How long a pipeline serves before workers that stand by are readied: losses come in swarms.
    package static let spareDelay: Duration = .seconds(2)
    /// How long a worker that stands by is left alone that could not be readied.
    package static let spareRetryInterval: Duration = .seconds(15)
    package static let joinRetryInterval: Duration = .milliseconds(500)
    /// A worker that lets go of a coordinator takes as long as its last step.
    package static let busyRetryInterval: Duration = .milliseconds(20)
    /// How long a broken neighbour connection waits for the report of the worker that really died.
    package static let rootCauseGrace: Duration = .milliseconds(400)
    /// A step that takes longer is stuck: many times what a chunk takes on the largest model.
    package static let stepTimeout: Duration = .seconds(120)
    /// Steps that take so many times what their tokens took at worst are stuck.
    package static let stepLateness = 4
    /// Checking what is on disk, or loading it: bounded by reading the largest shard from a slow disk.
    package static let loadTimeout: Duration = .seconds(900)
    /// A weights connection on which nothing moves.
    package static let transferTimeout: Duration = .seconds(30)
    /// How long a program may take that is told to end, when nobody is served any more.
    package static let endingTime: Duration = .milliseconds(1900)
    /// How long workers may take to let go: a program that is told to end has little more in all.
    package static let releaseTimeout: Duration = .milliseconds(1500)
    /// All round trips of a probe; a link that takes longer counts as unknown.
    package static let probeTimeout: Duration = .seconds(5)
    /// A service of which no token has crossed every stage for so long, and none is on its way, does not count as
    /// healthy.
    package static let healthWindow: Duration = .seconds(10)
    /// A pipeline that is idle for so long is sent a token to see that it works.
    package static let healthProbeInterval: Duration = .seconds(4)
    /// Something is written to those who follow events at least so often.
    package static let eventCommentInterval: Duration = .seconds(15)
    /// Waits between attempts to bring a lost pipeline back: the first, and the longest.
    package static let restartDelayFirst: Duration = .milliseconds(500)
    package static let restartDelayMax: Duration = .seconds(15)
    /// Times in a row that a sequence goes on after a loss without having got a token: what is computed for it may be
    /// the reason.
    package static let sequenceLossesMax = 5
    /// How long workers that were not seen to go are waited for before others take over what is theirs.
    package static let failoverGrace: Duration = .seconds(2)
    /// How long spares are waited for when all others are there.
    package static let failoverSpareGrace: Duration = .milliseconds(200)
    /// How long a worker that refused, or was lost once more, is left alone before it is asked again.
    package static let failoverRetryInterval: Duration = .seconds(2)
    /// How often it is looked whether the time is up.
    package static let failoverTick: Duration = .milliseconds(50)
    /// How long a worker keeps weights in memory that no coordinator uses, if nobody says.
    package static let linger: Duration = .seconds(600)
    /// How long sequences wait for other stages when theirs are lost.
    package static let failoverTimeout: Duration = .seconds(60)
    /// Whoever waits for them is told so at least so often.
    package static let pauseCommentInterval: Duration = .seconds(2)
    /// What a worker may take to measure itself: 2 s are aimed at, a loaded machine takes longer.
    package static let measureTimeout: Duration = .seconds(60)
}
