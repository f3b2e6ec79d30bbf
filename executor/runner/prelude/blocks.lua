-- Blocks: step, parallel, each, ramp, choose. (call is in script.lua: it needs another script.)
local _, use = ...
local fault = use "fault"
local nodes = use "nodes"
local object = use "object"
local options = use "options"
local predicate = use "predicate"
local text = use "text"
local value = use "value"

local blocks = {}

local function take_needs(given, what)
	if given == nil then
		return nil
	elseif type(given) ~= "table" or object.of(given) or #given == 0 then
		fault.raise(what .. ': needs: write a list of titles, { "title" }')
	end
	local titles = {}
	for i = 1, #given do
		if type(given[i]) ~= "string" then
			fault.raise(what .. ": needs: a title is a text, not " .. object.describe(given[i]))
		end
		titles[i] = given[i]
	end
	return titles
end

local function need_braces(given, what)
	if type(given) ~= "table" or object.of(given) then
		fault.raise(what .. ": a title needs its { ... }, not " .. object.describe(given))
	end
end

local step_list = { allows_guards = true, options = { needs = true } }

local function finish_step(content, given)
	local what = content.word
	need_braces(given, what)
	local list = nodes.list(given, what, step_list)
	if #list.nodes == 0 then
		fault.raise(what .. ": it holds nothing")
	end
	return nodes.make("step", {
		kind = "step", class = "node", place = 0, is_placed = false,
		word = what, title = content.title, needs = take_needs(given.needs, what), list = list,
	})
end

local function step(title)
	options.label(title, "step", nodes.MAX_TITLE)
	return nodes.new_unfinished(nodes.watch {
		class = "unfinished", place = 0, is_done = false, finish = finish_step,
		word = "step " .. text.quote(title), title = title,
	})
end

-- Titles to positions of earlier siblings, from 0, and for each child what it waits for in the end.
local function resolve_needs(list)
	local positions, titles, closure = {}, {}, {}
	for i, content in ipairs(list.nodes) do
		local waits = {}
		closure[i] = waits
		for j, title in ipairs(content.needs or {}) do
			local at = positions[title]
			if not at then
				fault.raise(content.word .. ": needs " .. text.quote(title) .. ", but no earlier step of this parallel has that title"
					.. text.hint(title, titles), content.place)
			end
			content.needs_at = content.needs_at or {}
			content.needs_at[j] = at - 1
			waits[at] = true
			for before in next, closure[at] do
				waits[before] = true
			end
		end
		if content.title then
			positions[content.title] = i
			titles[#titles + 1] = content.title
		end
	end
	return closure
end

local function parallel(given)
	need_braces(given, "parallel")
	local how = { allows_guards = true, is_parallel = true, options = { at_once = true, max_failures = true } }
	local list = nodes.list(given, "parallel", how)
	if #list.nodes < 2 then
		fault.raise("parallel: it needs two children at least; here " .. (#list.nodes == 1 and "is one" or "is none"))
	end
	local at_once = given.at_once == nil and "all" or given.at_once
	return nodes.make("parallel", {
		list = list, closure = resolve_needs(list),
		at_once = options.count(at_once, #list.nodes, "parallel: at_once"),
		max_failures = options.failures(given.max_failures, "parallel"),
	})
end

local function item_text(item)
	local content = object.of(item)
	if content and content.class == "target" then
		return content.name
	elseif content and content.class == "duration" then
		return text.duration(content.ms)
	elseif type(item) == "string" then
		return item
	elseif type(item) == "number" then
		return value.threshold(item, "each")
	end
	return nil
end

local function need_items(given)
	local content = object.of(given)
	local items = content and content.items or given
	if type(items) ~= "table" or (content and not content.items) then
		fault.raise("each: a selection or a list is needed, not " .. object.describe(given))
	elseif #items == 0 then
		fault.raise "each: the list is empty"
	end
	return items
end

local function branch_list(made, what)
	local list = nodes.list(made, what, { allows_guards = false })
	if #list.nodes == 0 then
		fault.raise(what .. ": the function returned no node (is `return` missing?)")
	end
	return list.nodes
end

local function take_batches(taken, total)
	local given = taken.batches
	if given == nil then
		if taken.hold ~= nil then
			fault.raise "each: hold is the time between batches; there are no batches"
		end
		return nil
	elseif type(given) ~= "table" or object.of(given) or #given == 0 then
		fault.raise 'each: batches: write a list, as in { 1, "10%", "all" }'
	elseif given[#given] ~= "all" then
		fault.raise 'each: batches: the last one must be "all"'
	elseif taken.hold == nil then
		fault.raise "each: batches need hold, the time between them"
	end
	local counts = {}
	for i = 1, #given do
		local count = options.count(given[i], total, "each: batches")
		local before = counts[#counts] or 0
		if count < before then
			fault.raise("each: batches: they are cumulative, so they grow; " .. count .. " comes after " .. before)
		elseif count > before then
			counts[#counts + 1] = count
		end
	end
	return counts, options.positive_ms(taken.hold, "each: hold")
end

local function each(given, make, given_options)
	local items = need_items(given)
	if type(make) ~= "function" then
		fault.raise("each: the second argument is a function that returns nodes, not " .. object.describe(make))
	end
	local taken = options.take("each", given_options)
	local batches, hold_ms = take_batches(taken, #items)
	local at_once = taken.at_once
	if at_once == nil then
		at_once = batches and "all" or 1
	end
	local branches = {}
	for i = 1, #items do
		local name = item_text(items[i])
		branches[i] = { item = name or tostring(i), nodes = branch_list(make(items[i], i), "each") }
	end
	return nodes.make("each", {
		branches = branches, batches = batches, hold_ms = hold_ms,
		at_once = options.count(at_once, #items, "each: at_once"),
		max_failures = options.failures(taken.max_failures, "each"),
	})
end

local function need_stages(given)
	local content = object.of(given)
	if content and content.class == "percent" then
		return { given }
	end
	local items = content and content.items or given
	if type(items) ~= "table" or (content and not content.items) or #items == 0 then
		fault.raise("ramp: to: a list of values is needed, as in { 75, 50, 0 } or percent { 50, 100 }, not " .. object.describe(given))
	end
	return items
end

local function stages_of(subject, to)
	local content = object.of(subject)
	local stages, place = {}, fault.here()
	for i, at in ipairs(to) do
		local wanted = value.wanted(at, "ramp: to")
		if content then
			stages[i] = { at = wanted, nodes = nodes.stage_sets(content, wanted, place) }
		else
			stages[i] = { at = wanted, nodes = branch_list(subject(at, i), "ramp") }
		end
	end
	return stages
end

local function ramp(subject, given_options)
	local content = object.of(subject)
	if content and (content.class == "register" or content.class == "group") then
		if not content.form.writable then
			fault.raise("ramp: " .. content.form.name .. " can only be read")
		end
	elseif type(subject) ~= "function" then
		fault.raise("ramp: a register or a function is needed, not " .. object.describe(subject))
	end
	local taken = options.take("ramp", given_options)
	local hold_ms = options.positive_ms(taken.hold, "ramp: hold")
	if taken.go_if ~= nil and taken.within == nil then
		fault.raise "ramp: go_if needs within: how long a stage may take before a person is asked"
	elseif taken.within ~= nil and taken.go_if == nil then
		fault.raise "ramp: within belongs to go_if; there is none"
	end
	local within_ms = taken.within ~= nil and options.positive_ms(taken.within, "ramp: within") or nil
	if within_ms and within_ms < hold_ms then
		fault.raise "ramp: within is shorter than hold"
	end
	return nodes.make("ramp", {
		stages = stages_of(subject, need_stages(taken.to)), hold_ms = hold_ms, within_ms = within_ms,
		go_if = taken.go_if ~= nil and predicate.need(taken.go_if, "ramp: go_if") or nil,
		back_if = taken.back_if ~= nil and predicate.need(taken.back_if, "ramp: back_if") or nil,
		forward_only = content ~= nil or nil,
	})
end

local function choose(given, given_options)
	local content = predicate.need(given, "choose")
	local taken = options.take("choose", given_options)
	local yes = nodes.list(taken.yes, "choose: yes", {}).nodes
	local no = nodes.list(taken.no, "choose: no", {}).nodes
	if #yes == 0 and #no == 0 then
		fault.raise "choose: neither yes nor no holds a node"
	end
	local within_ms = taken.within ~= nil and options.positive_ms(taken.within, "choose: within") or nil
	if content.longest_ms and not within_ms then
		fault.raise "choose: :lasting needs within: how long to wait for yes"
	elseif content.longest_ms and content.longest_ms > within_ms then
		fault.raise("choose: lasting " .. text.duration(content.longest_ms) .. " is longer than within " .. text.duration(within_ms))
	end
	return nodes.make("choose", { predicate = content, within_ms = within_ms, yes = yes, no = no })
end

blocks.names = { step = step, parallel = parallel, each = each, ramp = ramp, choose = choose }

return blocks
