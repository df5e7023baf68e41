import Encoding

/// Written as an object with a member for each header: `{"content-type": "image/jpeg"}`.
extension Headers: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in for line in lines { json.member(named: line.name, line.value) } }
    }
}
