/* Every limit of one evaluation, in one place. README.md has the same table with the reasons. */
#ifndef RB_RUNNER_LIMITS_H
#define RB_RUNNER_LIMITS_H

#define LIMIT_ADDRESS_SPACE_BYTES (256UL << 20)
#define LIMIT_CPU_S		  5
#define LIMIT_STACK_BYTES	  (8UL << 20)
#define LIMIT_LUA_BYTES		  (64UL << 20)

#define LIMIT_INPUT_BYTES  (16UL << 20)
#define LIMIT_OUTPUT_BYTES (64UL << 20)
#define LIMIT_JSON_DEPTH   64

#define LIMIT_STRING_BYTES	  (1UL << 20) /* result of string.rep and string.gsub */
#define LIMIT_SUBJECT_BYTES	  4096
#define LIMIT_PATTERN_BYTES	  256
#define LIMIT_PATTERN_QUANTIFIERS 4
#define LIMIT_TABLE_RANGE	  20000

#endif
