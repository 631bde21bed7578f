'use strict'
// Flags of a task or a result: bindings/format/task_format.h.
module.exports = { kThrown: 1, kAddressed: 2, kTold: 4, kText: 8, kLast: 16 }
