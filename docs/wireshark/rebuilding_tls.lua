-- What Wireshark shows of the records of "Rebuilding TLS". For Wireshark and tshark 4.0 and newer; how to use
-- it: docs/src/reference/wireshark.md.
--
-- A record is a header, which ends with the payload's length, big-endian, and a payload of that many bytes.
-- The fields of a record depend on the stage, and the stage on the server's port.
--
-- A capture may lack packets, or the ends of packets. It shows what is there, says what is missing, and goes
-- on at the next header that makes sense.

-- The field without a length is as long as the plaintext. The overhead is what a payload has beside that.
-- A stage without records is HTTP. It can share its port with one that has records.
--
-- The first records of a direction may carry messages of a handshake: of fields, each with a tag, a length and a
-- value. Their place tells them from records of data, but a capture may begin anywhere. So what begins with a field
-- whose tag is known is a message, what makes sense as a record of data is one, and of what is neither, the first
-- records are messages. Which message it is, its first field tells, where several may be due.

-- BEGIN: printed by `cargo run --package render -- --dissector`
local MAX_PLAINTEXT_LEN = 16384
local MAX_MESSAGE_LEN = 16384
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
    [8080] = {
        name = "part3-dh", header_len = 4, length_len = 4, overhead = 0,
        to_server = { { "ClientHello", 0x0001 } }, to_client = { { "ServerHello", 0x0003 } },
        { "length", 4 }, { "message" },
    },
    [10002] = {
        name = "part3-x25519", header_len = 4, length_len = 4, overhead = 0,
        to_server = { { "ClientHello", 0x0010 } }, to_client = { { "ServerHello", 0x0010 } },
        { "length", 4 }, { "message" },
    },
    [10003] = {
        name = "part3-hkdf", header_len = 4, length_len = 4, overhead = 36,
        to_server = { { "ClientHello", 0x0010 } }, to_client = { { "ServerHello", 0x0010 } },
        { "length", 4 }, { "seq", 8 }, { "nonce", 12 }, { "ciphertext" }, { "tag", 16 },
    },
    [10004] = {
        name = "part4-cert", header_len = 4, length_len = 4, overhead = 36,
        to_server = { { "ClientHello", 0x0010 } }, to_client = { { "ServerHello", 0x0010 }, { "ServerAuth", 0x0020 } },
        { "length", 4 }, { "seq", 8 }, { "nonce", 12 }, { "ciphertext" }, { "tag", 16 },
    },
}
local PLAIN_PORTS = { [8081] = true }
local TAGS = {
    [0x0001] = "prime p",
    [0x0002] = "generator g",
    [0x0003] = "public value",
    [0x0010] = "X25519 key",
    [0x0020] = "certificate",
    [0x0021] = "CertificateVerify",
}
local CERTIFICATE = 0x0020
-- END

for _, stage in pairs(STAGES) do
    stage.limit = stage.overhead + MAX_PLAINTEXT_LEN
    stage.has_data = true
    local offset = 0
    for _, field in ipairs(stage) do
        if field[1] == "seq" then
            stage.seq_offset = offset
        elseif field[1] == "message" then
            stage.has_data = false
        end
        offset = offset + (field[2] or 0)
    end
end

-- Bytes that must be text before a connection is taken for HTTP.
local TEXT_LEN = 16

-- Length of a tag and a length.
local FIELD_HEADER_LEN = 4
-- Fields of a message that a summary names. No honest one has as many.
local NAMED = 8

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
    message = ProtoField.bytes("rtls.message", "Message", base.NONE, "Of the handshake, as everyone can read it"),
    message_name = ProtoField.string("rtls.message.name", "Name"),
    field = ProtoField.bytes("rtls.field", "Field", base.NONE, "Of a message: tag, length and value"),
    field_tag = ProtoField.uint16("rtls.field.tag", "Tag", base.HEX, TAGS, nil, "The kind of the field"),
    field_length = ProtoField.uint16("rtls.field.length", "Length", base.DEC, nil, nil, "Bytes of value"),
    field_value = ProtoField.bytes("rtls.field.value", "Value"),
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
local malformed =
    ProtoExpert.new("rtls.malformed", "Message malformed", expert.group.MALFORMED, expert.severity.ERROR)
local surplus =
    ProtoExpert.new("rtls.surplus", "Behind the handshake", expert.group.PROTOCOL, expert.severity.ERROR)
proto.experts = { too_short, too_long, incomplete, malformed, surplus }

local http = Dissector.get("http")
-- Wireshark's own dissector of X.509 certificates, if it has one.
local x509 = DissectorTable.get("media_type"):get_dissector("application/pkix-cert")

-- What is known of each direction, at the byte that comes next:
--   seen            whether any record was
--   seq             the last one's number
--   index           the number of records so far, at least: some may be missing. Data counts as all messages
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

local function is_accepted(stage, is_message, length)
    if is_message then
        return length <= MAX_MESSAGE_LEN
    end
    return length >= stage.overhead and length <= stage.limit
end

-- Says whether the payload behind a header reads as a message. Nil: there is too little of it.
local function reads_as_message(stage, bytes, at)
    local length = length_at(stage, bytes, at)
    local header = bytes:sub(at + stage.header_len + 1, at + stage.header_len + FIELD_HEADER_LEN)
    if length < FIELD_HEADER_LEN or length > MAX_MESSAGE_LEN then
        return false
    elseif #header < FIELD_HEADER_LEN then
        return nil
    end
    return TAGS[number(header:sub(1, 2))] ~= nil and FIELD_HEADER_LEN + number(header:sub(3)) <= length
end

-- Says whether a header makes sense as one of a record of data. Nil: there is too little of it.
local function makes_sense_as_data(stage, bytes, at)
    if not is_accepted(stage, false, length_at(stage, bytes, at)) then
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

-- Says whether a record carries a message; `is_due` if one may be next. Nil: more bytes would tell.
local function is_message(stage, is_due, bytes, at)
    if not stage.has_data or not stage.to_server then
        return not stage.has_data
    end
    local as_message = reads_as_message(stage, bytes, at)
    if as_message == false then
        return is_due and makes_sense_as_data(stage, bytes, at) == false
    end
    return as_message
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
    local as_data, as_message = false, false
    if stage.has_data then
        as_data = makes_sense_as_data(stage, bytes, at)
    end
    if stage.to_server then
        as_message = reads_as_message(stage, bytes, at)
    end
    if as_data or as_message then
        return true
    end
    if as_data == nil or as_message == nil then
        return nil
    end
    return false
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
            -- No range begins at the end, not even an empty one.
            local part = record(len > 0 and offset or 0, there)
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

-- Returns the fields of a message as far as they are there, and what is wrong with it, if something is.
local function fields_of(record, from, to)
    local found, at = {}, from
    while at < to do
        if to - at < FIELD_HEADER_LEN then
            return found, string.format("%d B behind the last field", to - at), at
        elseif record:len() < at + FIELD_HEADER_LEN then
            return found
        end
        local tag, len = record(at, 2):uint(), record(at + 2, 2):uint()
        local name = TAGS[tag] or "unknown field"
        local value = at + FIELD_HEADER_LEN
        if value + len > to then
            local problem = "the message ends inside a field: its %s is to have %d B, %d are left"
            return found, string.format(problem, name, len, to - value), at
        end
        table.insert(found, { at = at, tag = tag, name = name, len = len })
        at = value + len
    end
    return found
end

-- Returns the place of the message among those that a direction has, if its fields tell that, and is due.
local function place_of(found, due, index)
    for _, field in ipairs(found) do
        for at = index + 1, #due do
            if due[at][2] == field.tag then
                return at
            end
        end
    end
end

-- `due` are the messages of the direction, of which `index` have passed. Returns how many have now, too.
local function show_message(root, stage, pinfo, due, index, record, length, rest)
    local from, to = stage.header_len, stage.header_len + length
    local found, problem, bad_at = fields_of(record, from, to)
    local place = place_of(found, due, index)
    local names = {}
    for at = place or index + 1, place or #due do
        table.insert(names, due[at][1])
    end
    local named = {}
    for i = 1, math.min(#found, NAMED) do
        table.insert(named, string.format("%s %d B", found[i].name, found[i].len))
    end
    if #found > NAMED then
        table.insert(named, "...")
    end
    local title = #names > 0 and table.concat(names, " or ") or "message"
    local summary = title .. (#named > 0 and ": " or "") .. table.concat(named, ", ")
    if record:len() < to then
        summary = string.format("%s, %d of its %d B", summary, record:len(), to)
    end
    local tree = add_tree(root, stage, record, summary)
    if record:len() >= from then
        tree:add(fields.length, record(from - stage.length_len, stage.length_len))
    end
    -- No range begins at the end, not even an empty one.
    local message = tree:add(fields.message, record(record:len() > from and from or 0, math.max(record:len() - from, 0)))
    for _, name in ipairs(names) do
        message:add(fields.message_name, name):set_generated()
    end
    for _, field in ipairs(found) do
        local value = field.at + FIELD_HEADER_LEN
        local there = math.min(field.len, record:len() - value)
        local item = message:add(fields.field, record(field.at, FIELD_HEADER_LEN + there))
        item:set_text(string.format("%s, %d B", field.name, field.len))
        item:add(fields.field_tag, record(field.at, 2))
        item:add(fields.field_length, record(field.at + 2, 2))
        if there > 0 or field.len == 0 then
            local part = item:add(fields.field_value, record(there > 0 and value or field.at, there))
            if there < field.len then
                part:append_text(string.format(" [%d of %d B]", there, field.len))
            elseif field.tag == CERTIFICATE and there > 0 and x509 then
                -- It gives up at what is no certificate. The fields behind it are shown all the same.
                pcall(x509.call, x509, record(value, there):tvb(), pinfo, item)
            end
        end
    end
    if problem then
        message:add(fields.loose, record(bad_at)):add_proto_expert_info(malformed, problem .. ". Its receiver refuses it")
    end
    if #names == 0 then
        message:add_proto_expert_info(surplus,
            "no message is due any more: nobody reads this, unless it is of another connection with the same ports")
    end
    if record:len() < to then
        add_missing(tree, string.format("%d of %d B, which %s", to - record:len(), to, rest))
    end
    return summary, place or index + 1
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

local function show_bad_length(root, stage, range, length, limit)
    local problem, remark = too_long, "length %.0f is too long: no receiver accepts more than %d B"
    if length < stage.overhead then
        problem, remark, limit = too_short, "length %.0f is too short: the fields of this stage alone take %d B", stage.overhead
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

-- Shows the bytes of one direction, whose first records are messages with these `names`. Returns the summaries, and
-- what is known behind these bytes.
local function show_bytes(buffer, pinfo, root, stage, state, names)
    local bytes, len = buffer:raw(), buffer:reported_len()
    local rest = buffer:len() < len and "were not captured" or "are not in this packet"
    -- Without that, TCP puts nothing together: a packet was cut by the capture, or the user has turned it off.
    local may_wait = pinfo.can_desegment > 0
    local summaries, after = {}, { seen = state.seen, seq = state.seq, index = state.index or 0 }
    local offset, lost = 0, state.lost
    local skip = state.skip

    -- A packet all of whose bytes wait is not looked at again: what there is to say of it is said later.
    local gap = state.gap
    local function say(show, ...)
        if gap then
            table.insert(summaries, show_gap(root, stage, gap))
            gap = nil
        end
        local summary, more = show(root, stage, ...)
        table.insert(summaries, summary)
        return more
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
        local carries_message = length and is_message(stage, after.index < #names, bytes, offset)
        local fits = length and is_accepted(stage, carries_message, length)
        if not lost and length and carries_message == nil and may_wait then
            wait()
            break
        elseif not lost and fits then
            local record_len = stage.header_len + length
            if offset + record_len > len and may_wait then
                wait(offset + record_len - len)
                break
            end
            local record = range(offset + record_len)
            local missing
            if not carries_message and stage.seq_offset and record:len() >= stage.seq_offset + 8 then
                local seq = number(bytes:sub(offset + stage.seq_offset + 1, offset + stage.seq_offset + 8))
                local due = after.seq and after.seq + 1 or 0
                if is_behind_gap and seq > due then
                    missing = string.format(seq == due + 1 and "seq %.0f" or "seq %.0f to %.0f", due, seq - 1)
                end
                after.seq = seq
            end
            if carries_message then
                after.index = say(show_message, pinfo, names, after.index, record, length, rest)
            else
                say(show_record, record, length, missing, rest)
                after.index = #names
            end
            after.seen, is_behind_gap = true, false
            offset = offset + record_len
            if offset > len then
                after.skip, after.packet = offset - len, pinfo.number
            end
        elseif not lost and not length and may_wait then
            wait()
            break
        else
            -- Behind a record, what begins with 0, as every length does, was one. Anything else may be the end of
            -- what is missing.
            local was_due = not lost and after.seen and length
            local first = was_due and bytes:byte(offset + stage.header_len - stage.length_len + 1)
            local from = first == 0 and offset + stage.header_len or offset
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
                if was_due then
                    local limit = carries_message and MAX_MESSAGE_LEN or stage.limit
                    say(show_bad_length, range(math.max(stop, offset + stage.header_len)), length, limit)
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
    local names = to_server and stage.to_server or stage.to_client or {}
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
    local summaries, after = show(buffer, pinfo, root, stage, state, names)
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
