#pragma once

#include "bindings/python/native/py_util.h"

namespace ringmaster::python {

/// The steps of a concurrent.futures.Future that must not be interrupted half-way: a KeyboardInterrupt may come between
/// any two lines of Python, and would leave its lock taken or its state unfinished. With the GIL, any thread.

/// Makes the future running. 1: it is; 0: it was cancelled, or is settled; -1: a Python error, and nothing has changed.
[[nodiscard]] int begin_future(PyObject* future);

/// Gives the future its result, or with `failure` not None its exception, unless it has either. False: a Python error,
/// before which nothing has changed, or after which all is done.
[[nodiscard]] bool settle_future(PyObject* future, PyObject* value, PyObject* failure);

}  // namespace ringmaster::python
