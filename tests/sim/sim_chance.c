#include "sim.h"

static uint64_t state;

void sim_seed(uint64_t seed)
{
	state = seed;
}

uint64_t sim_random(void)
{
	uint64_t z = (state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

int sim_between(int low, int high)
{
	return low + (int)(sim_random() % (uint64_t)(high - low + 1));
}

bool sim_is(int percent)
{
	return sim_between(1, 100) <= percent;
}
