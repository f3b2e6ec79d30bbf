/* The API document: the route tables, and the schemas of *_api.json beside them. */
#ifndef RB_MAIN_OPENAPI_H
#define RB_MAIN_OPENAPI_H

/* A mode of redbuttond: prints it to stdout. Returns the exit code. */
int openapi_print(int argc, char **argv);

#endif
