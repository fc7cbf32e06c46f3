#include "trace/trace-hw_cell.h"
