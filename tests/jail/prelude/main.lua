-- The prelude of runner_probe: the runner's own C side, but the script is run as it is, with the
-- tables that a plan gets and nothing of the plan language. `verb` "leak" shows what a hole would.
local host = ...

local leaks = {
    -- An address, which the sandbox never lets out: two builds of it must be noticed as different.
    address = function() return string.format("%p", {}) end,
    -- The order of a hash table, which depends on a seed of the process.
    order = function()
        local set, text = {}, ""
        for i = 1, 200 do set["key " .. i] = true end
        for name in next, set do text = text .. name end
        return text
    end,
    -- A result whose frame is larger than the cap.
    large = function() return string.rep("x", 65 * 1024 * 1024) end,
    -- An error that is no text, with a metamethod that must not run.
    object = function() error(setmetatable({}, { __tostring = function() return "metamethod ran" end })) end,
    pieces = function() return { 1, 2 } end,
}

local function environment()
    local env = {}
    for name, value in pairs(host.plan.base) do env[name] = value end
    for _, name in ipairs { "string", "table", "math" } do env[name] = host.plan[name] end
    return env
end

local function quote(text)
    local function escape(c) return string.format("\\u%04x", string.byte(c)) end
    return '"' .. string.gsub(text, '[%c"\\]', escape) .. '"'
end

return function(input)
    if input.verb == "leak" then
        local leaked = leaks[input.script]()
        return type(leaked) == "table" and leaked or { leaked }
    end
    local script, message = host.load(input.script, "=#1", environment())
    if not script then return { '{"ok":false,"message":', quote(message), "}" } end
    local ok, value, at = host.call(script, input)
    local place = at and "#" .. (at >> 24) .. ":" .. (at & 0xFFFFFF) or ""
    local text = ok and value or (type(value) == "string" and value or "<" .. type(value) .. ">")
    return { '{"ok":', tostring(ok), ',"place":"', place, '","message":', quote(tostring(text)), "}" }
end
