-- What Wireshark shows of the records of "Rebuilding TLS". For Wireshark and tshark 4.0 and newer; how to use
-- it: docs/src/reference/wireshark.md.
--
-- A record is a header, which ends with the payload's length, big-endian, and a payload of that many bytes.
-- The fields of a record depend on the stage, and the stage on the server's port.

-- The field without a length is as long as the plaintext. The overhead is what a payload has beside that.
-- A stage without records is HTTP. It can share its port with one that has records.

-- BEGIN: printed by `cargo run --package render -- --dissector`
local MAX_PLAINTEXT_LEN = 16384
local STAGES = {
    [8081] = {
        name = "part1-ctr", header_len = 4, length_len = 4, overhead = 16,
        { "length", 4 }, { "nonce", 16 }, { "ciphertext" },
    },
    [9001] = {
        name = "part2-hmac", header_len = 4, length_len = 4, overhead = 48,
        { "length", 4 }, { "nonce", 16 }, { "ciphertext" }, { "tag", 32 },
    },
    [9003] = {
        name = "part2-hmac-seq", header_len = 4, length_len = 4, overhead = 56,
        { "length", 4 }, { "seq", 8 }, { "nonce", 16 }, { "ciphertext" }, { "tag", 32 },
    },
    [9002] = {
        name = "part2-aead", header_len = 4, length_len = 4, overhead = 36,
        { "length", 4 }, { "seq", 8 }, { "nonce", 12 }, { "ciphertext" }, { "tag", 16 },
    },
}
local PLAIN_PORTS = { [8081] = true }
-- END

-- Wireshark has an "rtls" of its own, a Real Time Location System: only the fields can have the short name.
local proto = Proto("rebuilding_tls", "Rebuilding TLS")

-- Fields of the same role are shown alike at every stage.
local fields = {
    stage = ProtoField.string("rtls.stage", "Stage"),
    length = ProtoField.uint32("rtls.length", "Length", base.DEC, nil, nil, "Bytes of payload"),
    seq = ProtoField.uint64("rtls.seq", "Sequence number", base.DEC, nil, nil, "Counts the records of a direction"),
    nonce = ProtoField.bytes("rtls.nonce", "Nonce", base.NONE, "Random, new for every record"),
    ciphertext = ProtoField.bytes("rtls.ciphertext", "Ciphertext", base.NONE, "As long as the plaintext"),
    tag = ProtoField.bytes("rtls.tag", "Tag", base.NONE, "Does not fit any more once a bit is changed"),
    loose = ProtoField.bytes("rtls.loose", "In no record", base.NONE, "Behind a length that no receiver accepts"),
}
proto.fields = fields

local too_short =
    ProtoExpert.new("rtls.too_short", "Record too short", expert.group.PROTOCOL, expert.severity.ERROR)
local too_long =
    ProtoExpert.new("rtls.too_long", "Record too long", expert.group.PROTOCOL, expert.severity.ERROR)
proto.experts = { too_short, too_long }

local http = Dissector.get("http")

-- What the first look at each connection has found: whether it is plain, and for each direction the number of
-- the packet with a length that is none. No record can be told apart behind that.
local connections = {}

function proto.init()
    connections = {}
end

local function connection_of(buffer, pinfo, port, to_server)
    local client, server = tostring(pinfo.src) .. " " .. pinfo.src_port, tostring(pinfo.dst)
    if not to_server then
        client, server = tostring(pinfo.dst) .. " " .. pinfo.dst_port, tostring(pinfo.src)
    end
    local name = client .. " " .. server .. " " .. port
    if not connections[name] then
        -- A first byte other than 0 would make the length of a record far too long.
        local plain = PLAIN_PORTS[port] and buffer(0, 1):uint() ~= 0
        connections[name] = { plain = plain, lost = {} }
    end
    return connections[name]
end

-- The length is the end of the header.
local function length_of(stage, rest)
    return rest(stage.header_len - stage.length_len, stage.length_len)
end

local function add_tree(root, stage, range, summary)
    local tree = root:add(proto, range)
    tree:append_text(string.format(", %s: %s", stage.name, summary))
    tree:add(fields.stage, range, stage.name):set_generated()
    return tree
end

-- Each of these three shows bytes in the tree and returns a summary for the info column.

local function show_record(root, stage, record)
    local text_len = record:len() - stage.header_len - stage.overhead
    local summary = string.format("ciphertext %d B", text_len)
    local parts = {}
    local offset = 0
    for _, field in ipairs(stage) do
        local role, len = field[1], field[2] or text_len
        local part = record(offset, len)
        if role == "seq" then
            summary = string.format("seq %s, %s", part:uint64(), summary)
        end
        table.insert(parts, { fields[role], part })
        offset = offset + len
    end
    local tree = add_tree(root, stage, record, summary)
    for _, part in ipairs(parts) do
        tree:add(part[1], part[2])
    end
    return summary
end

local function show_bad_length(root, stage, rest, length)
    local problem, remark = too_short, "length %.0f is too short: the fields of this stage alone take %d B"
    local limit = stage.overhead
    if length > stage.overhead then
        problem, remark = too_long, "length %.0f is too long: no receiver accepts more than %d B"
        limit = stage.overhead + MAX_PLAINTEXT_LEN
    end
    local summary = string.format(remark, length, limit)
    local tree = add_tree(root, stage, rest, summary)
    tree:add(fields.length, length_of(stage, rest)):add_proto_expert_info(problem, summary)
    if rest:len() > stage.header_len then
        tree:add(fields.loose, rest(stage.header_len))
    end
    return summary
end

local function show_loose(root, stage, rest)
    local summary = string.format("%d B in no record", rest:len())
    add_tree(root, stage, rest, summary):add(fields.loose, rest)
    return summary
end

function proto.dissector(buffer, pinfo, root)
    local to_server = STAGES[pinfo.dst_port] ~= nil
    local port = to_server and pinfo.dst_port or pinfo.src_port
    local stage = STAGES[port]
    local connection = connection_of(buffer, pinfo, port, to_server)
    if connection.plain then
        -- Only the dissector right above TCP may wait for more packets. Each call counts down to that.
        pinfo.can_desegment = pinfo.can_desegment + 1
        http:call(buffer, pinfo, root)
        return buffer:len()
    end

    local summaries = {}
    local offset = 0
    while offset < buffer:len() do
        local rest = buffer(offset)
        local lost = connection.lost[to_server]
        if lost and lost < pinfo.number then
            table.insert(summaries, show_loose(root, stage, rest))
            break
        end
        if rest:len() < stage.header_len then
            pinfo.desegment_offset = offset
            pinfo.desegment_len = DESEGMENT_ONE_MORE_SEGMENT
            break
        end
        local length = length_of(stage, rest):uint()
        if length < stage.overhead or length > stage.overhead + MAX_PLAINTEXT_LEN then
            connection.lost[to_server] = pinfo.number
            table.insert(summaries, show_bad_length(root, stage, rest, length))
            break
        end
        local record_len = stage.header_len + length
        if rest:len() < record_len then
            pinfo.desegment_offset = offset
            pinfo.desegment_len = record_len - rest:len()
            break
        end
        table.insert(summaries, show_record(root, stage, rest(0, record_len)))
        offset = offset + record_len
    end

    pinfo.cols.protocol = "RTLS"
    if #summaries > 0 then
        -- A packet that ends one record and goes on with the next comes here once for each.
        local begin = pinfo.private["rtls"] and ";" or stage.name .. (to_server and " to server:" or " to client:")
        pinfo.private["rtls"] = "begun"
        pinfo.cols.info = begin .. " " .. table.concat(summaries, "; ")
        pinfo.cols.info:fence()
    end
    return buffer:len()
end

local ports = DissectorTable.get("tcp.port")
for port in pairs(STAGES) do
    ports:add(port, proto)
end
