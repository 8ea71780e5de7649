-- What Wireshark shows of the records of "Rebuilding TLS". For Wireshark and tshark 4.0 and newer; how to use
-- it: docs/src/reference/wireshark.md.
--
-- A record is a header, which ends with the payload's length, big-endian, and a payload of that many bytes.
-- The fields of a record depend on the stage, and the stage on the server's port.
--
-- A capture may lack packets, or the ends of packets. It shows what is there, says what is missing, and goes
-- on at the next header that makes sense.
--
-- A capture may lack packets, or the ends of packets. It shows what is there, says what is missing, and goes
-- on at the next header that makes sense.

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

for _, stage in pairs(STAGES) do
    stage.limit = stage.overhead + MAX_PLAINTEXT_LEN
    local offset = 0
    for _, field in ipairs(stage) do
        if field[1] == "seq" then
            stage.seq_offset = offset
        end
        offset = offset + (field[2] or 0)
    end
end

-- Bytes that must be text before a connection is taken for HTTP.
local TEXT_LEN = 16

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
    loose = ProtoField.bytes("rtls.loose", "In no record", base.NONE, "Bytes whose header is not known"),
    missing = ProtoField.string("rtls.missing", "Missing", base.UNICODE, "Not in the capture"),
}
proto.fields = fields

local too_short =
    ProtoExpert.new("rtls.too_short", "Record too short", expert.group.PROTOCOL, expert.severity.ERROR)
local too_long =
    ProtoExpert.new("rtls.too_long", "Record too long", expert.group.PROTOCOL, expert.severity.ERROR)
local incomplete =
    ProtoExpert.new("rtls.incomplete", "Not in the capture", expert.group.SEQUENCE, expert.severity.WARN)
proto.experts = { too_short, too_long, incomplete }

local http = Dissector.get("http")

-- What is known of each direction, at the byte that comes next:
--   seen            whether any record was
--   seq             the last one's number
--   lost            set where the next header has to be found
--   have, packet    the number of bytes that wait for the rest of their record, and the packet they end in
--   more            the number of bytes left of that record, where its length is known
--   gap             what was known before a gap that nothing has been shown behind
--   is_behind_gap   set until a record is shown behind it
--   is_plain        whether all so far is text, and is_http, whether there is enough of it
--   skip            the number of bytes left of a record that cannot be waited for; it begins in `packet`
local directions = {}

-- The same for each call at its first look. Wireshark may look again, in any order.
local looks = {}

function proto.init()
    directions, looks = {}, {}
end

local function is_text(bytes)
    return not bytes:sub(1, TEXT_LEN):find("[^%g%s]")
end

local function number(bytes)
    local value = 0
    for i = 1, #bytes do
        value = value * 256 + bytes:byte(i)
    end
    return value
end

-- The length is the end of the header.
local function length_at(stage, bytes, at)
    return number(bytes:sub(at + stage.header_len - stage.length_len + 1, at + stage.header_len))
end

local function is_accepted(stage, length)
    return length >= stage.overhead and length <= stage.limit
end

-- Says whether a header makes sense. Nil: there is too little of it.
local function makes_sense(stage, bytes, at)
    local header = bytes:sub(at + 1, at + stage.header_len)
    if #header < stage.header_len then
        local shortest = header .. ("\0"):rep(stage.header_len - #header)
        if length_at(stage, shortest, 0) > stage.limit then
            return false
        end
        return nil
    end
    if not is_accepted(stage, length_at(stage, header, 0)) then
        return false
    end
    if not stage.seq_offset then
        return true
    end
    -- Nobody captures 2^32 records of a direction.
    local high = bytes:sub(at + stage.seq_offset + 1, at + stage.seq_offset + 4)
    if high ~= ("\0"):rep(#high) then
        return false
    end
    return #high == 4 or nil
end

-- Says whether a record begins at `at`, where none has to. Nil: more bytes would tell. One length in 2^18
-- makes sense by chance, so what follows must too: the next header, as far as it is there, or the end, where
-- `len` is.
local function begins_record(stage, bytes, at, len)
    local sense = makes_sense(stage, bytes, at)
    if not sense then
        return sense
    end
    local stop = at + stage.header_len + length_at(stage, bytes, at)
    if stop > len then
        return nil
    end
    return stop == len or makes_sense(stage, bytes, stop) ~= false
end

-- Returns the first place where a record begins, or else the first where one may.
local function find_record(stage, bytes, from, len)
    local before = stage.header_len - stage.length_len
    -- No length that is accepted takes more than two bytes: those in front of them are 0.
    local zeros = ("\0"):rep(stage.length_len - 2)
    local at, doubtful = from, nil
    while at < #bytes do
        local begins = begins_record(stage, bytes, at, len)
        if begins then
            return at, nil
        elseif begins == nil then
            doubtful = doubtful or at
        end
        local found = bytes:find(zeros, at + before + 2, true)
        at = found and found - before - 1 or math.max(at + 1, #bytes - stage.header_len + 1)
    end
    return nil, doubtful
end

-- Each of these shows something in the tree and returns a summary for the info column.

local function add_tree(root, stage, range, summary)
    local tree = range and root:add(proto, range) or root:add(proto):set_generated()
    tree:append_text(string.format(", %s: %s", stage.name, summary))
    tree:add(fields.stage, stage.name):set_generated()
    return tree
end

local function add_missing(tree, missing, remark)
    tree:add(fields.missing, missing):set_generated():add_proto_expert_info(incomplete, remark or missing)
end

-- `record` is as much of it as there is.
local function show_record(root, stage, record, length, missing, rest)
    local text_len = length - stage.overhead
    local summary = string.format("ciphertext %d B", text_len)
    local parts = {}
    local offset = 0
    for _, field in ipairs(stage) do
        local role, len = field[1], field[2] or text_len
        local there = math.min(len, record:len() - offset)
        -- Part of a number is another number.
        if there == len or there > 0 and role ~= "seq" then
            local part = record(offset, there)
            if role == "seq" then
                summary = string.format("seq %s, %s", part:uint64(), summary)
            end
            table.insert(parts, { fields[role], part, len })
        end
        offset = offset + there
        if there < len then
            break
        end
    end
    local record_len = stage.header_len + length
    if record:len() < record_len then
        summary = string.format("%s, %d of its %d B", summary, record:len(), record_len)
    end
    local tree = add_tree(root, stage, record, summary)
    for _, part in ipairs(parts) do
        local item = tree:add(part[1], part[2])
        if part[2]:len() < part[3] then
            item:append_text(string.format(" [%d of %d B]", part[2]:len(), part[3]))
        end
    end
    if record:len() < record_len then
        add_missing(tree, string.format("%d of %d B, which %s", record_len - record:len(), record_len, rest))
    end
    if missing then
        add_missing(tree, missing, missing .. ": not in the capture, or not whole")
    end
    return summary
end

-- There is no `range` where nothing of it was captured.
local function show_loose(root, stage, range, len, missing)
    local summary = string.format("%d B in no record", len)
    local tree = add_tree(root, stage, range, summary)
    if range then
        tree:add(fields.loose, range)
    end
    if not range or range:len() < len then
        add_missing(tree, string.format("%d of %d B", len - (range and range:len() or 0), len))
    end
    if missing then
        add_missing(tree, missing, summary .. ": " .. missing .. " was not captured, or was changed")
    end
    return summary
end

local function show_bad_length(root, stage, range, length)
    local problem, remark = too_short, "length %.0f is too short: the fields of this stage alone take %d B"
    local limit = stage.overhead
    if length > stage.overhead then
        problem, remark, limit = too_long, "length %.0f is too long: no receiver accepts more than %d B", stage.limit
    end
    local summary = string.format(remark, length, limit)
    local tree = add_tree(root, stage, range, summary)
    tree:add(fields.length, range(stage.header_len - stage.length_len, stage.length_len))
        :add_proto_expert_info(problem, summary .. ". It was changed, or packets in front of it are missing")
    if range:len() > stage.header_len then
        tree:add(fields.loose, range(stage.header_len))
    end
    return summary
end

-- `state` is what was known when more of a record was waited for that did not come.
local function show_gap(root, stage, state)
    local summary = string.format("the rest of a record of which packet %d ends with %d B", state.packet, state.have)
    local remark = summary .. " was not captured, or came late: for that, set TCP's preference to reassemble "
        .. "out-of-order segments"
    add_missing(add_tree(root, stage, nil, "missing: " .. summary), summary, remark)
    return "missing: " .. summary
end

local function show_rest(root, stage, range, len, packet)
    local summary = string.format("%d B of the record that begins in packet %d", len, packet)
    local tree = add_tree(root, stage, range, summary)
    if not range or range:len() < len then
        add_missing(tree, string.format("%d of %d B", len - (range and range:len() or 0), len))
    end
    return summary
end

-- Shows the bytes of one direction. Returns the summaries, and what is known behind these bytes.
local function show_bytes(buffer, pinfo, root, stage, state)
    local bytes, len = buffer:raw(), buffer:reported_len()
    local rest = buffer:len() < len and "were not captured" or "are not in this packet"
    -- Without that, TCP puts nothing together: a packet was cut by the capture, or the user has turned it off.
    local may_wait = pinfo.can_desegment > 0
    local summaries, after = {}, { seen = state.seen, seq = state.seq }
    local offset, lost = 0, state.lost
    local skip = state.skip

    -- A packet all of whose bytes wait is not looked at again: what there is to say of it is said later.
    local gap = state.gap
    local function say(show, ...)
        if gap then
            table.insert(summaries, show_gap(root, stage, gap))
            gap = nil
        end
        table.insert(summaries, show(root, stage, ...))
    end
    local function range(to)
        return offset < #bytes and buffer(offset, math.min(to, #bytes) - offset) or nil
    end
    local function wait(more)
        pinfo.desegment_offset, pinfo.desegment_len = offset, more or DESEGMENT_ONE_MORE_SEGMENT
        after.have, after.more, after.packet = len - offset, more, pinfo.number
    end

    -- What TCP has put together has a buffer of its own. What came in one packet stands behind headers.
    local goes_on = state.have and buffer:offset() == 0
    if state.have and not goes_on then
        if may_wait or not state.more then
            lost, gap = true, gap or state
        else
            skip = state.more
        end
    end
    if skip and begins_record(stage, bytes, 0, len) ~= true then
        local stop = math.min(skip, len)
        if makes_sense(stage, bytes, stop) == false then
            lost = true
        else
            say(show_rest, range(stop), stop, state.packet)
            offset = stop
            if skip > stop then
                after.skip, after.packet = skip - stop, state.packet
            end
        end
    end

    local is_behind_gap = state.is_behind_gap or lost or gap or not state.seen
    while offset < len do
        local length = offset + stage.header_len <= #bytes and length_at(stage, bytes, offset)
        local fits = length and is_accepted(stage, length)
        if not lost and fits then
            local record_len = stage.header_len + length
            if offset + record_len > len and may_wait then
                wait(offset + record_len - len)
                break
            end
            local record = range(offset + record_len)
            local missing
            if stage.seq_offset and record:len() >= stage.seq_offset + 8 then
                local seq = number(bytes:sub(offset + stage.seq_offset + 1, offset + stage.seq_offset + 8))
                local due = after.seq and after.seq + 1 or 0
                if is_behind_gap and seq > due then
                    missing = string.format(seq == due + 1 and "seq %.0f" or "seq %.0f to %.0f", due, seq - 1)
                end
                after.seq = seq
            end
            say(show_record, record, length, missing, rest)
            after.seen, is_behind_gap = true, false
            offset = offset + record_len
            if offset > len then
                after.skip, after.packet = offset - len, pinfo.number
            end
        elseif not lost and not length and may_wait then
            wait()
            break
        else
            -- What begins with 0, as every length does, was one; anything else may be the end of what is missing.
            local was_length = not lost and length and bytes:byte(offset + stage.header_len - stage.length_len + 1) == 0
            local from = was_length and offset + stage.header_len or offset
            local found, doubtful = find_record(stage, bytes, from, len)
            if not may_wait then
                -- Most packets begin with a header.
                found = found or doubtful == 0 and makes_sense(stage, bytes, 0) and 0 or nil
                doubtful = nil
            elseif doubtful and goes_on and doubtful <= state.have then
                -- What TCP has put together begins with what was waited for, until some of the rest is used.
                doubtful = (lost or not after.seen) and offset == 0 and 0 or nil
            end
            local stop = found or doubtful or len
            if stop > offset then
                if not lost and after.seen and length then
                    say(show_bad_length, range(math.max(stop, offset + stage.header_len)), length)
                else
                    say(show_loose, range(stop), stop - offset, not lost and "the beginning of their record" or nil)
                end
            end
            lost = not found and (lost or stop > offset)
            offset, is_behind_gap = stop, true
            if doubtful and not found then
                wait()
                break
            end
        end
    end
    after.lost, after.gap, after.is_behind_gap = lost, gap, is_behind_gap
    return summaries, after
end

-- Leaves HTTP to its own dissector, once there is enough to tell it from the middle of a record.
local function show_plain(buffer, pinfo, root, _, state)
    if state.is_http or buffer:len() >= TEXT_LEN or pinfo.can_desegment == 0 then
        -- Only the dissector right above TCP may wait for more packets. Each call counts down to that.
        pinfo.can_desegment = pinfo.can_desegment + 1
        http:call(buffer, pinfo, root)
        return {}, { is_plain = true, is_http = true }
    end
    pinfo.desegment_offset, pinfo.desegment_len = 0, DESEGMENT_ONE_MORE_SEGMENT
    return {}, { is_plain = true, have = buffer:len(), packet = pinfo.number }
end

function proto.dissector(buffer, pinfo, root)
    local to_server = STAGES[pinfo.dst_port] ~= nil
    local port = to_server and pinfo.dst_port or pinfo.src_port
    local stage = STAGES[port]
    local direction = table.concat(
        { tostring(pinfo.src), pinfo.src_port, tostring(pinfo.dst), pinfo.dst_port }, " ")
    -- Their number may differ: what waited at the end is no longer among them at a second look.
    local look = pinfo.number .. " " .. buffer:offset()
    if not pinfo.visited then
        looks[look] = directions[direction] or {}
    end
    local state = looks[look] or {}
    local is_plain = PLAIN_PORTS[port] and is_text(buffer:raw())
        and (state.is_plain or next(state) == nil or buffer:len() >= TEXT_LEN)
    local show = is_plain and show_plain or show_bytes
    local summaries, after = show(buffer, pinfo, root, stage, state)
    if not pinfo.visited then
        directions[direction] = after
    end
    if is_plain then
        return buffer:len()
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
