// usage: generate-snapshot MEGABYTES > FILE
// A snapshot as Node 20 writes one (seven node fields, a line per record), of about this size; the same bytes every time.
//
// Shaped after a real one of 207 MB (Node 20, a service with sessions, caches and closures; 2.96 million nodes, 8.05 million edges, 652,000 strings of 8
// bytes): per node 24.8 bytes, 2.7 to 3.4 edges of 15 bytes, 0.22 strings; half of the edges lead to a neighbour (within 20 ordinals), a third to one of some hundred
// maps and names that all share, the rest to what was made before: nine of ten within 5,000 ordinals, the others anywhere.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { HIDDEN, ARRAY, STRING, OBJECT, CODE, CLOSURE, NUMBER = 7, NATIVE, SYNTHETIC, CONTEXT = OBJECT };
enum { E_CONTEXT, E_ELEMENT, E_PROPERTY, E_INTERNAL, E_HIDDEN, E_SHORTCUT, E_WEAK };
enum { SHARED = 400, NAMES = 48, PER_UNIT = 11, UNITS_PER_TABLE = 500, FIELDS = 7 };
// A table is an Array, its elements, and its units.
enum { PER_TABLE = 2 + UNITS_PER_TABLE * PER_UNIT };

static uint64_t state;
static uint32_t below(uint32_t limit) {  // SplitMix64 (Steele, Lea, Flood 2014)
	uint64_t z = state += 0x9E3779B97F4A7C15;
	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
	z = (z ^ z >> 27) * 0x94D049BB133111EB;
	return (uint32_t)((z ^ z >> 31) >> 32) % limit;
}

static char out[1 << 16];
static size_t used;
static void flush(void) { fwrite(out, 1, used, stdout); used = 0; }
static void put(const char *text) { while (*text) out[used++] = *text++; if (used > sizeof out - 4096) flush(); }
static void number(uint64_t value) {
	char digits[20];
	int count = 0;
	do digits[count++] = '0' + value % 10; while (value /= 10);
	while (count) out[used++] = digits[--count];
}

static int pass;                // 0: count, 1: nodes, 2: edges
static uint64_t nodes, edges;   // written so far in this pass
static uint64_t all, own;       // nodes in all; edges of the node at hand
static uint64_t uniques;        // strings that one node alone has

static void node(int type, uint64_t name, int size, int count) {
	if (pass == 1) {
		if (nodes) put(",");
		uint64_t fields[] = {type, name, 2 * nodes + 1, size, count, 0, 0};
		for (int i = 0; i < FIELDS; i++) { if (i) put(","); number(fields[i]); }
		put("\n");
	}
	nodes++;
	own = count;
}
static void edge(int type, uint64_t name, uint64_t to) {
	if (!own--) { fprintf(stderr, "generate-snapshot: more edges than said at node %llu\n", (unsigned long long)nodes); exit(1); }
	if (pass == 2) {
		if (edges) put(",");
		number(type); put(","); number(name); put(","); number(to * FIELDS); put("\n");
	}
	edges++;
}

enum { EMPTY, GC_ROOTS, GLOBAL, MAP, VALUE, ELEMENTS, CONTEXT_NAME, PLAIN, ARRAY_NAME, FIRST_CLASS, FIRST_NAME = FIRST_CLASS + 8, FIRST_UNIQUE = FIRST_NAME + NAMES };
static const char *words[] = {"", "(GC roots)", "global", "map", "value", "elements", "system / Context", "Object", "Array", "User", "Session", "Order", "Cart",
	"Request", "Entry", "Handler", "Point"};
static uint64_t shared(void) { return 3 + below(SHARED); }
static uint64_t name(uint32_t which) { return FIRST_NAME + which % NAMES; }

// A session: its strings, a number, an object with a plain one, a point, an entry, a closure and its context.
static void unit(uint64_t table) {
	uint64_t base = nodes, shape = below(12), unique = FIRST_UNIQUE + uniques;
	uniques += 2;
	uint64_t old = base - SHARED - 2, near = 5000;
	uint64_t before = old > near && below(10) ? base - 1 - below((uint32_t)near) : 3 + SHARED + below((uint32_t)old);
	node(STRING, name(below(NAMES)), 24, 1); edge(E_INTERNAL, MAP, shared());
	node(STRING, unique, 32, 1); edge(E_INTERNAL, MAP, shared());
	node(NUMBER, EMPTY, 16, 1); edge(E_INTERNAL, MAP, shared());
	node(STRING, unique + 1, 32, 1); edge(E_INTERNAL, MAP, shared());
	node(OBJECT, FIRST_CLASS + below(8), 64, 9); edge(E_INTERNAL, MAP, shared()); edge(E_PROPERTY, name(0), base); edge(E_PROPERTY, name(1), base + 1);
	edge(E_PROPERTY, name(2), base + 5); edge(E_PROPERTY, name(3), base + 6); edge(E_PROPERTY, name(4), base + 8); edge(E_PROPERTY, name(5), before);
	edge(E_PROPERTY, name(11), shared()); edge(E_PROPERTY, name(12), base + 10);
	node(OBJECT, PLAIN, 40, 5); edge(E_INTERNAL, MAP, shared()); edge(E_PROPERTY, name(shape), base + 2); edge(E_PROPERTY, name(shape + 1), base + 3);
	edge(E_PROPERTY, name(shape + 2), shared()); edge(E_PROPERTY, name(shape + 3), base);
	node(OBJECT, FIRST_CLASS + below(8), 40, 3); edge(E_INTERNAL, MAP, shared()); edge(E_PROPERTY, name(6), base + 4); edge(E_PROPERTY, name(7), base + 7);
	node(ARRAY, EMPTY, 32, 2); edge(E_INTERNAL, MAP, shared()); edge(E_ELEMENT, 0, base + 1);
	node(CLOSURE, name(below(NAMES)), 64, 5); edge(E_INTERNAL, MAP, shared()); edge(E_INTERNAL, CONTEXT_NAME, base + 9); edge(E_INTERNAL, VALUE, shared());
	edge(E_HIDDEN, 3, shared()); edge(E_HIDDEN, 4, shared());
	node(CONTEXT, CONTEXT_NAME, 48, 3); edge(E_INTERNAL, MAP, shared()); edge(E_CONTEXT, name(8), base + 10); edge(E_CONTEXT, name(9), base + 4);
	node(OBJECT, PLAIN, 32, 3); edge(E_INTERNAL, MAP, shared()); edge(E_PROPERTY, name(10), base + 3); edge(E_WEAK, 1, table);
}

static void walk(uint64_t tables) {
	state = 20;
	nodes = edges = uniques = 0;
	node(SYNTHETIC, EMPTY, 0, 2); edge(E_ELEMENT, 1, 1); edge(E_SHORTCUT, GLOBAL, 2);
	node(SYNTHETIC, GC_ROOTS, 0, SHARED);
	for (int i = 0; i < SHARED; i++) edge(E_ELEMENT, i, 3 + i);
	node(OBJECT, GLOBAL, 160, (int)tables);
	for (uint64_t i = 0; i < tables; i++) edge(E_PROPERTY, name(i), 3 + SHARED + i * PER_TABLE);
	for (int i = 0; i < SHARED; i++) { node(i % 4 ? HIDDEN : CODE, name(i), 80, 2); edge(E_INTERNAL, MAP, 3 + i / 2); edge(E_INTERNAL, VALUE, shared()); }
	for (uint64_t table = 0; table < tables; table++) {
		uint64_t first = nodes;
		node(OBJECT, ARRAY_NAME, 16, 2); edge(E_INTERNAL, MAP, shared()); edge(E_INTERNAL, ELEMENTS, first + 1);
		node(ARRAY, EMPTY, 16 + 8 * UNITS_PER_TABLE, UNITS_PER_TABLE);
		// The object of each unit.
		for (int i = 0; i < UNITS_PER_TABLE; i++) edge(E_ELEMENT, i, first + 2 + i * PER_UNIT + 4);
		for (int i = 0; i < UNITS_PER_TABLE; i++) unit(first);
	}
}

int main(int count, char **arguments) {
	double megabytes = count == 2 ? atof(arguments[1]) : 0;
	if (megabytes <= 0) { fprintf(stderr, "usage: generate-snapshot MEGABYTES > FILE\n"); return 1; }
	// 68 bytes a node, 65 to 71 with the length of the numbers.
	uint64_t tables = (uint64_t)(megabytes * 1e6 / 68 / PER_TABLE) + 1;
	walk(tables);
	all = nodes;
	put("{\"snapshot\":{\"meta\":{\"node_fields\":[\"type\",\"name\",\"id\",\"self_size\",\"edge_count\",\"trace_node_id\",\"detachedness\"],\"node_types\":[[\"hidden\",\"array\","
		"\"string\",\"object\",\"code\",\"closure\",\"regexp\",\"number\",\"native\",\"synthetic\",\"concatenated string\",\"sliced string\",\"symbol\",\"bigint\",\"object shape\"],"
		"\"string\",\"number\",\"number\",\"number\",\"number\",\"number\"],\"edge_fields\":[\"type\",\"name_or_index\",\"to_node\"],\"edge_types\":[[\"context\",\"element\","
		"\"property\",\"internal\",\"hidden\",\"shortcut\",\"weak\"],\"string_or_number\",\"node\"],\"trace_function_info_fields\":[],\"trace_node_fields\":[],"
		"\"sample_fields\":[],\"location_fields\":[\"object_index\",\"script_id\",\"line\",\"column\"]},\"node_count\":");
	number(all); put(",\"edge_count\":"); number(edges); put(",\"trace_function_count\":0},\n\"nodes\":[");
	pass = 1; walk(tables);
	put("],\n\"edges\":[");
	pass = 2; walk(tables);
	put("],\n\"trace_function_infos\":[],\n\"trace_tree\":[],\n\"samples\":[],\n\"locations\":[");
	// The closure of each unit.
	for (uint64_t table = 0, written = 0; table < tables; table++)
		for (int i = 0; i < UNITS_PER_TABLE; i++, written++) {
			if (written) put(",");
			number((3 + SHARED + table * PER_TABLE + 2 + (uint64_t)i * PER_UNIT + 8) * FIELDS); put(",");
			number(40 + written % 60); put(","); number(written % 900); put(","); number(written % 70); put("\n");
		}
	put("],\n\"strings\":[\"<dummy>\"");
	for (uint64_t i = 1; i < FIRST_UNIQUE + uniques; i++) {
		put(",\n\"");
		if (i < FIRST_NAME) put(words[i]);
		else if (i < FIRST_UNIQUE) { put("property"); number(i); }
		else { put("k"); number(i); }
		put("\"");
	}
	put("]}\n");
	flush();
	return fflush(stdout) != 0;
}
