#pragma once

// The C interface, visible in libringmaster, which is compiled with hidden visibility.
#pragma GCC visibility push(default)
#include "client/client_abi.h"
#pragma GCC visibility pop
