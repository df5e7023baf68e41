import Foundation
import TestSupport
import Testing

enum Endpoint: String, CaseIterable, CustomStringConvertible {
    case presign = "r2-presigned-url"
    case download = "ozon-download"
    case presignBatch = "r2-presigned-urls"
    case signRequest = "r2-sign-request"
    case create = "r2-multipart-create"
    case parts = "r2-multipart-parts"
    case resume = "r2-multipart-resume"
    case complete = "r2-multipart-complete"
    case abort = "r2-multipart-abort"
    case pushImages = "ozon-push-images"
    case pushStatus = "ozon-push-status"

    var path: String {
        switch self {
        case .presign: "/api/v1/r2/presigned-url"
        case .download: "/api/v1/ozon/download"
        case .presignBatch: "/api/v1/r2/presigned-urls"
        case .signRequest: "/api/v1/r2/sign-request"
        case .create: "/api/v1/r2/multipart/create"
        case .parts: "/api/v1/r2/multipart/parts"
        case .resume: "/api/v1/r2/multipart/resume"
        case .complete: "/api/v1/r2/multipart/complete"
        case .abort: "/api/v1/r2/multipart/abort"
        case .pushImages: "/api/v1/ozon/push-images"
        case .pushStatus: "/api/v1/ozon/push-status"
        }
    }

    var description: String { rawValue }

    /// A request that succeeds.
    var goodBody: String {
        switch self {
        case .presign: #"{"r2_path":"users/u/ozon/1/a.jpg"}"#
        case .download: downloadBody(["2194435300"])
        case .presignBatch: #"{"items":[{"r2_path":"users/u/ozon/1/a.jpg"}]}"#
        case .signRequest: #"{"method":"PUT","key":"users/u/good.bin"}"#
        case .create: #"{"r2_path":"users/u/good.bin","size":6000000}"#
        case .parts:
            #"{"r2_path":"users/u/good.bin","upload_id":"x","size":6000000,"part_size":5242880,"part_numbers":[1]}"#
        case .resume: #"{"r2_path":"users/u/good.bin","upload_id":"unknown","size":6000000}"#
        case .complete: #"{"r2_path":"\#(completedPath)","upload_id":"completed-before","size":1}"#
        case .abort: #"{"r2_path":"users/u/good.bin","upload_id":"unknown"}"#
        case .pushImages: pushBody(123)
        case .pushStatus: pushBody(123, ["task_id": 1])
        }
    }

    /// The largest body in bytes; the response to a larger one is 413.
    var maxBody: Int { self == .presignBatch || self == .complete ? 4 << 20 : 1 << 20 }
}

/// The path of a one-byte object that was uploaded in parts, created on first use.
private let completedPath: String = {
    let path = "users/u/completed.bin"
    do {
        let upload = try MultipartUpload(path: path)
        let (id, data) = try upload.create(1)
        try put(data["parts"][0], [1])
        _ = try upload.call(.complete, ["upload_id": id, "size": 1])
    } catch {}  // The tests that use the object report that it is missing.
    return path
}()
