// A complete worker program: link ringmaster::worker and name the program as a pool's command.
//
//   [pool.words]
//   command = ["/usr/local/bin/my-worker"]
//
//   $ ringmaster submit words/count --in letter.txt
#include "worker/worker.h"

#include <cctype>

namespace {

void count_words(ringmaster::Job& job) {
  const std::size_t shortest = static_cast<std::size_t>(job.integer("shortest"));
  std::size_t words = 0;
  std::size_t length = 0;
  std::size_t seen = 0;
  for (const char c : job.input_text()) {
    if (std::isspace(static_cast<unsigned char>(c)) == 0) {
      ++length;
    } else {
      words += length >= shortest && length > 0 ? 1 : 0;
      length = 0;
    }
    if (++seen % 100'000 == 0) {
      job.throw_if_cancelled();
      job.progress();
    }
  }
  words += length >= shortest && length > 0 ? 1 : 0;
  job.output(std::to_string(words) + "\n");
}

}  // namespace

int main(int argc, char** argv) {
  return ringmaster::worker_main(argc, argv,
                                 {{.name = "count",
                                   .summary = "Counts the words of a text.",
                                   .arguments = {{.name = "shortest",
                                                  .kind = ringmaster::ArgumentKind::Integer,
                                                  .help = "letters that a word has at least",
                                                  .default_value = "1",
                                                  .minimum = 1}},
                                   .result_constant = 32,
                                   .output_extension = "txt",
                                   .listens_to_cancel = true,
                                   .change_safe = true,
                                   .idempotent = true,
                                   .run = count_words}});
}
