import {createHash} from 'node:crypto';

/** A Lua script, run by its hash. Redis runs a script as one step: nothing else happens in between, and it is replicated and logged as a whole. */
export interface Script {
    readonly source: string;
    readonly sha: string;
}

const script = (source: string): Script => ({source, sha: createHash('sha1').update(source).digest('hex')});

/**
 * KEYS: records, record keys, contents; per table its rows, and per index the index and its entries.
 * ARGV: channel; number of records, each as key, expected token ('*': any, '': none) and entry ('': remove); number of tables, each as
 * field of the contents, its value, number of indexes, of rows to set and of rows to remove, then id and JSON of the rows to set, the ids of the rows
 * to remove, and per index the sortable fields of the rows to set.
 *
 * A table of arguments may only be unpacked in parts, for Lua's stack is limited.
 */
export const COMMIT = script(`
local PART = 3000
local at = 2 + 3 * ARGV[2]

for i = 3, at, 3 do
    if ARGV[i + 1] ~= '*' then
        local entry = redis.call('HGET', KEYS[1], ARGV[i])
        local token = entry and string.sub(entry, 1, string.find(entry, '\\n', 1, true) - 1) or ''
        if token ~= ARGV[i + 1] then
            return {'STALE', (i - 3) / 3}
        end
    end
end

local tables = {}
local key = 4
at = at + 1
for i = 1, tonumber(ARGV[at]) do
    local indexes, sets, removes = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
    if redis.call('HGET', KEYS[3], ARGV[at + 1]) ~= ARGV[at + 2] then
        return {'CHANGED'}
    end
    tables[i] = {key = key, indexes = indexes, sets = sets, removes = removes, at = at + 6}
    key = key + 1 + 2 * indexes
    at = at + 5 + (2 + indexes) * sets + removes
end

local function inParts(command, name, list)
    for first = 1, #list, 2 * PART do
        redis.call(command, name, unpack(list, first, math.min(first + 2 * PART - 1, #list)))
    end
end

local function unindex(index, entries, ids)
    local members, gone = {}, redis.call('HMGET', entries, unpack(ids))
    for i = 1, #ids do
        if gone[i] then
            members[#members + 1] = gone[i] .. '\\0' .. ids[i]
        end
    end
    inParts('ZREM', index, members)
    redis.call('HDEL', entries, unpack(ids))
end

local function reindex(index, entries, ids, first)
    local before, gone, added, known = redis.call('HMGET', entries, unpack(ids)), {}, {}, {}
    for i = 1, #ids do
        local now = ARGV[first + i - 1]
        if before[i] ~= now then
            if before[i] then
                gone[#gone + 1] = before[i] .. '\\0' .. ids[i]
            end
            added[#added + 1] = 0
            added[#added + 1] = now .. '\\0' .. ids[i]
            known[#known + 1] = ids[i]
            known[#known + 1] = now
        end
    end
    inParts('ZREM', index, gone)
    inParts('ZADD', index, added)
    inParts('HSET', entries, known)
end

for _, t in ipairs(tables) do
    local rows, removed, sorted = KEYS[t.key], t.at + 2 * t.sets, t.at + 2 * t.sets + t.removes
    for part = 0, t.sets - 1, PART do
        local last = math.min(part + PART, t.sets) - 1
        redis.call('HSET', rows, unpack(ARGV, t.at + 2 * part, t.at + 2 * last + 1))
        if t.indexes > 0 then
            local ids = {}
            for i = part, last do
                ids[#ids + 1] = ARGV[t.at + 2 * i]
            end
            for n = 0, t.indexes - 1 do
                reindex(KEYS[t.key + 1 + 2 * n], KEYS[t.key + 2 + 2 * n], ids, sorted + n * t.sets + part)
            end
        end
    end
    for part = 0, t.removes - 1, PART do
        local ids = {unpack(ARGV, removed + part, removed + math.min(part + PART, t.removes) - 1)}
        redis.call('HDEL', rows, unpack(ids))
        for n = 0, t.indexes - 1 do
            unindex(KEYS[t.key + 1 + 2 * n], KEYS[t.key + 2 + 2 * n], ids)
        end
    end
end

for i = 3, 2 + 3 * ARGV[2], 3 do
    if ARGV[i + 2] == '' then
        redis.call('HDEL', KEYS[1], ARGV[i])
        redis.call('ZREM', KEYS[2], ARGV[i])
    else
        redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
        redis.call('ZADD', KEYS[2], 0, ARGV[i])
    end
end
if ARGV[2] ~= '0' then
    redis.call('PUBLISH', ARGV[1], '')
end
return {'OK'}
`);

/**
 * KEYS: records, record keys. ARGV: least and greatest key, number.
 * Returns the keys and the entries.
 */
export const LIST_RECORDS = script(`
local keys = redis.call('ZRANGEBYLEX', KEYS[2], ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])
if #keys == 0 then
    return {{}, {}}
end
return {keys, redis.call('HMGET', KEYS[1], unpack(keys))}
`);

/**
 * KEYS: contents, index, rows. ARGV: field of the contents, its value, ZRANGEBYLEX or ZREVRANGEBYLEX, from, to, number.
 * Returns the last member, the ids and the rows; nil when the contents have changed.
 */
export const READ_INDEX = script(`
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
    return false
end
local members = redis.call(ARGV[3], KEYS[2], ARGV[4], ARGV[5], 'LIMIT', 0, ARGV[6])
if #members == 0 then
    return {}
end
local ids = {}
for i, member in ipairs(members) do
    ids[i] = string.match(member, '^.*%z(.*)$')
end
return {members[#members], ids, redis.call('HMGET', KEYS[3], unpack(ids))}
`);

/**
 * KEYS: contents, index. ARGV: field of the contents, its value, least and greatest member.
 * Returns the number of members between them; nil when the contents have changed.
 */
export const COUNT_INDEX = script(`
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
    return false
end
return redis.call('ZLEXCOUNT', KEYS[2], ARGV[3], ARGV[4])
`);

/**
 * KEYS: contents, rows. ARGV: field of the contents, the value it must have ('': none), the new one where there are no rows, the new one where there are some.
 * Returns whether it was as expected.
 */
export const CHANGE_CONTENTS = script(`
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then
    return 0
end
redis.call('HSET', KEYS[1], ARGV[1], redis.call('EXISTS', KEYS[2]) == 0 and ARGV[3] or ARGV[4])
return 1
`);

/** KEYS: rows, index, entries. ARGV: ids and sortable fields. What was indexed or removed in the meantime stays as it is. */
export const FILL_INDEX = script(`
for i = 1, #ARGV, 2 do
    if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 1 and redis.call('HSETNX', KEYS[3], ARGV[i], ARGV[i + 1]) == 1 then
        redis.call('ZADD', KEYS[2], 0, ARGV[i + 1] .. '\\0' .. ARGV[i])
    end
end
return 'OK'
`);

/**
 * KEYS: a key that nothing else uses. ARGV: a channel. Runs all commands that change something in a commit: a script that is refused one of them
 * half way leaves behind what it has done so far.
 */
export const REHEARSE = script(`
redis.call('HSET', KEYS[1], 'a', '')
redis.call('HMGET', KEYS[1], 'a')
redis.call('HGET', KEYS[1], 'a')
redis.call('HDEL', KEYS[1], 'a')
redis.call('ZADD', KEYS[1], 0, 'a')
redis.call('ZREM', KEYS[1], 'a')
redis.call('UNLINK', KEYS[1])
redis.call('PUBLISH', ARGV[1], '')
return 'OK'
`);

/**
 * KEYS: contents, and all keys of the scope. ARGV: channel, and the contents' fields and values as they must be.
 * Returns whether they were as expected.
 */
export const DROP = script(`
if redis.call('HLEN', KEYS[1]) ~= (#ARGV - 1) / 2 then
    return 0
end
for i = 2, #ARGV, 2 do
    if redis.call('HGET', KEYS[1], ARGV[i]) ~= ARGV[i + 1] then
        return 0
    end
end
for i = 1, #KEYS do
    redis.call('UNLINK', KEYS[i])
end
redis.call('PUBLISH', ARGV[1], '')
return 1
`);
