-- The verb `describe`: the language as data, for help and documents.
local _, use = ...
local encode = use "encode"
local language = use "language"

local describe = {}

local function copy_row(row)
	local made = {}
	for key, item in next, row do
		if key == "values" or key == "fields" then
			made[key] = encode.array { table.unpack(item) }
		elseif type(item) ~= "table" then
			made[key] = item
		end
	end
	return made
end

local function copy_rows(rows)
	local made = {}
	for i, row in ipairs(rows or {}) do
		made[i] = copy_row(row)
		if row.options and type(row.options[1]) == "table" then
			made[i].options = copy_rows(row.options)
		elseif row.options then
			made[i].options = encode.array { table.unpack(row.options) }
		end
		if row.args then
			made[i].args = copy_rows(row.args)
		end
	end
	return encode.array(made)
end

local function copy_kind(kind)
	return {
		name = kind.name, help = kind.help, preset = kind.preset or false,
		registers = copy_rows(kind.registers), readings = copy_rows(kind.readings), actions = copy_rows(kind.actions),
	}
end

-- Everything of language.lua as JSON-able tables.
function describe.language()
	local kinds = {}
	for i, kind in ipairs(language.kinds) do
		kinds[i] = copy_kind(kind)
	end
	local limits = {}
	for name, limit in next, language.limits do
		limits[name] = limit
	end
	return {
		manifest = copy_rows(language.manifest), plan_kinds = copy_rows(language.plan_kinds),
		target_fields = copy_rows(language.target_fields), drill_fields = copy_rows(language.drill_fields),
		param_fields = copy_rows(language.param_fields), params = copy_rows(language.params),
		param_extra = copy_row(language.param_extra), kinds = encode.array(kinds), selection = copy_rows(language.selection),
		predicates = copy_rows(language.predicates), constructors = copy_rows(language.constructors),
		lua_names = encode.array { table.unpack(language.lua_names) }, limits = limits,
	}
end

return describe
