/* Targets that are known by who they are. */
#include "adapters/adapter.h"

#include "check_main.h"

#include <string.h>

#define MACHINE "0123456789abcdef0123456789abcdef"
#define KEY	"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"
#define CA	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct spelling {
	const struct adapter *adapter;
	const char *address;
	bool is_good;
};

static const struct spelling spellings[] = {
	{&host_adapter, "host:" MACHINE "/" KEY, true},
	{&host_adapter, "host:" MACHINE "/" KEY "=", false},
	{&host_adapter, "host:" MACHINE "/" KEY "\n", false},
	{&host_adapter, "host:" MACHINE, false},
	{&host_adapter, "host:" MACHINE "0/" KEY, false},
	{&host_adapter, "host:web-1/" KEY, false},
	{&host_adapter, "tcp:10.0.0.7:22", false},
	{&host_adapter, "", false},
	{&k8s_adapter, "k8s:" CA "/prod/shop", true},
	{&k8s_adapter, "k8s:" CA "/prod/", false},
	{&k8s_adapter, "k8s:" CA "/prod/shop/web", false},
	{&k8s_adapter, "k8s:prod/prod/shop", false},
	{&database_adapter, "db:3E11FA47-71CA-11E1-9E33-C80AA9429562/orders", true},
	{&database_adapter, "db:7123456789012345678/orders", true},
	{&database_adapter, "db:/orders", false},
	{&database_adapter, "db:3E11FA47-71CA-11E1-9E33-C80AA9429562/or ders", false},
};

START_TEST(an_address_is_an_identity_of_its_kind)
{
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		struct error err = ERROR_INIT;
		int rc = spellings[i].adapter->check_address(spellings[i].address, &err);

		ck_assert_msg((rc == 0) == spellings[i].is_good, "%s", spellings[i].address);
		if (rc < 0) {
			ck_assert_int_eq(rc, ERROR_INVALID);
			ck_assert_str_eq(err.field, "address");
			ck_assert_str_ne(err.remedy, "");
		}
	}
}
END_TEST

START_TEST(there_is_nothing_to_read_or_write)
{
	struct adapter_register reg = {.type = "host.weight"};
	struct error err = ERROR_INIT;

	ck_assert_int_eq(host_adapter.parse(&reg, NULL, NULL, NULL, &err), ERROR_INVALID);
	ck_assert_int_eq(host_adapter.read(NULL, NULL, &reg, 1, NULL, NULL, &err), ERROR_INVALID);
	ck_assert_int_eq(host_adapter.write(NULL, NULL, &reg, "1", NULL, 1, NULL, NULL, &err),
		ERROR_INVALID);
}
END_TEST

CHECK_MAIN("adapter identity", &an_address_is_an_identity_of_its_kind,
	&there_is_nothing_to_read_or_write)
