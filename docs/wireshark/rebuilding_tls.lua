-- What Wireshark shows of the records of "Rebuilding TLS". For Wireshark and tshark 4.0 and newer; how to use
-- it: docs/src/reference/wireshark.md.
--
-- A record is a length, 4 bytes, big-endian, and a payload of that many bytes. The fields of a payload depend
-- on the stage, and the stage on the server's port.

-- A test holds this table to the project's own. The field without a length takes what the others leave.
local STAGES = {
    [8081] = { name = "part1-ctr", { "nonce", 16 }, { "ciphertext" } },
    [9001] = { name = "part2-hmac", { "nonce", 16 }, { "ciphertext" }, { "tag", 32 } },
    [9003] = { name = "part2-hmac-seq", { "seq", 8 }, { "nonce", 16 }, { "ciphertext" }, { "tag", 32 } },
    [9002] = { name = "part2-aead", { "seq", 8 }, { "nonce", 12 }, { "ciphertext" }, { "tag", 16 } },
}
local LENGTH_LEN = 4
local MAX_PLAINTEXT_LEN = 16384

-- part1-plain has no records: it is HTTP, on the port of part1-ctr.
local PLAIN_PORT = 8081

for _, stage in pairs(STAGES) do
    stage.overhead = 0
    for _, field in ipairs(stage) do
        stage.overhead = stage.overhead + (field[2] or 0)
    end
end

-- Wireshark has an "rtls" of its own, a Real Time Location System: only the fields can have the short name.
local proto = Proto("rebuilding_tls", "Rebuilding TLS")

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
        local plain = port == PLAIN_PORT and buffer(0, 1):uint() ~= 0
        connections[name] = { plain = plain, lost = {} }
    end
    return connections[name]
end

local function add_tree(root, stage, range, summary)
    local tree = root:add(proto, range)
    tree:append_text(string.format(", %s: %s", stage.name, summary))
    tree:add(fields.stage, range, stage.name):set_generated()
    return tree
end

-- Each of these three shows bytes in the tree and returns a summary for the info column.

local function show_record(root, stage, record)
    local payload_len = record:len() - LENGTH_LEN
    local summary = string.format("ciphertext %d B", payload_len - stage.overhead)
    if stage[1][1] == "seq" then
        summary = string.format("seq %s, %s", record(LENGTH_LEN, stage[1][2]):uint64(), summary)
    end
    local tree = add_tree(root, stage, record, summary)
    tree:add(fields.length, record(0, LENGTH_LEN))
    local offset = LENGTH_LEN
    for _, field in ipairs(stage) do
        local name, len = field[1], field[2] or payload_len - stage.overhead
        tree:add(fields[name], record(offset, len))
        offset = offset + len
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
    tree:add(fields.length, rest(0, LENGTH_LEN)):add_proto_expert_info(problem, summary)
    if rest:len() > LENGTH_LEN then
        tree:add(fields.loose, rest(LENGTH_LEN))
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
        if rest:len() < LENGTH_LEN then
            pinfo.desegment_offset = offset
            pinfo.desegment_len = DESEGMENT_ONE_MORE_SEGMENT
            break
        end
        local length = rest(0, LENGTH_LEN):uint()
        if length < stage.overhead or length > stage.overhead + MAX_PLAINTEXT_LEN then
            connection.lost[to_server] = pinfo.number
            table.insert(summaries, show_bad_length(root, stage, rest, length))
            break
        end
        if rest:len() < LENGTH_LEN + length then
            pinfo.desegment_offset = offset
            pinfo.desegment_len = LENGTH_LEN + length - rest:len()
            break
        end
        table.insert(summaries, show_record(root, stage, rest(0, LENGTH_LEN + length)))
        offset = offset + LENGTH_LEN + length
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
