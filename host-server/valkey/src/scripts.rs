//! The scripts, each of which the server runs in one step.

use redis::{Cmd, Script};

/// Row, and the sorted set of its hash, if it has one. Condition, generation, lifetime in milliseconds,
/// metadata, field of the body and the other one, body, member of the sorted set.
///
/// The first write is one that the server refuses when it is out of memory; once a script has written,
/// the server lets it finish.
const PUT: &str = "
local held = redis.call('HGET', KEYS[1], 'g')
if ARGV[1] == 'absent' then
  if held then return 0 end
elseif ARGV[1] ~= 'any' and held ~= ARGV[1] then
  return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = string.format('%.0f', now + ARGV[3])
redis.call('HSET', KEYS[1], 'g', ARGV[2], 'm', ARGV[4], ARGV[5], ARGV[7])
redis.call('HDEL', KEYS[1], ARGV[6])
redis.call('PEXPIREAT', KEYS[1], ends)
if KEYS[2] then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now))
  redis.call('ZADD', KEYS[2], ends, ARGV[8])
  local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')
  redis.call('PEXPIREAT', KEYS[2], string.format('%.0f', last[2]))
end
return 1
";

/// Row and sorted set; member. Where there is nothing it writes and removes something, so that replicas can
/// acknowledge that they have what was removed before.
const DELETE: &str = "
if KEYS[2] then redis.call('ZREM', KEYS[2], ARGV[1]) end
local removed = redis.call('DEL', KEYS[1])
if removed == 0 then
  redis.call('HSET', KEYS[1], 'g', '0')
  redis.call('DEL', KEYS[1])
end
return removed
";

/// Sorted set. Members past their end may still stand there.
const COUNT: &str = "
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
return redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf')
";

/// All of them.
pub(crate) struct Scripts {
    pub(crate) put: Script,
    pub(crate) delete: Script,
    pub(crate) count: Script,
}

impl Scripts {
    pub(crate) fn new() -> Self {
        Self { put: Script::new(PUT), delete: Script::new(DELETE), count: Script::new(COUNT) }
    }
}

/// Commands that make the scripts known to a server, which forgets them when it starts anew.
pub(crate) fn load() -> Vec<Cmd> {
    let load = |code: &str| {
        let mut load = redis::cmd("SCRIPT");
        load.arg("LOAD").arg(code);
        load
    };
    vec![load(PUT), load(DELETE), load(COUNT)]
}

/// Runs a script by its hash.
pub(crate) fn call(script: &Script, keys: &[String]) -> Cmd {
    let mut call = redis::cmd("EVALSHA");
    call.arg(script.get_hash()).arg(keys.len()).arg(keys);
    call
}
