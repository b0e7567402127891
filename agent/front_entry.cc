// Where the program plasmite begins when it is linked statically: in front of the C library.
//
// For a command other than `tap` it becomes plasmite-commands at once. The C library's own start
// (CPUID, which traps in a virtual machine, then relocations, locales) would be for nothing, and
// was half a millisecond of every `pls feed`; this is 65 us. An early exit and nothing else:
// whenever something is not as usual, the program starts as every other, and run_front() decides.
//
// Nothing is there yet: no relocation, no thread pointer, no errno, no libc function. So this file
// is compiled freestanding and without a stack protector, and makes its own system calls.
#if defined(__x86_64__)

#include <sys/syscall.h>

#include <cstddef>

namespace {

long system_call(long number, const void* first, const void* second, const void* third) {
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(first), "S"(second), "d"(third)
                   : "rcx", "r11", "memory");
  return result;
}

bool is_tap(const char* word) {
  return word[0] == 't' && word[1] == 'a' && word[2] == 'p' && word[3] == '\0';
}

}  // namespace

// `stack` is what the kernel left there: argc, argv, null, environment, null.
extern "C" __attribute__((used)) void plasmite_become_commands(long* stack) {
  static constexpr char kName[] = "plasmite-commands";
  const long argc = stack[0];
  char** const argv = reinterpret_cast<char**>(stack + 1);
  if (argc < 2 || argv[1][0] == '-' || is_tap(argv[1])) return;
  char path[4096];
  constexpr size_t kRoom = sizeof(path) - sizeof(kName);
  const long length =
      system_call(SYS_readlink, "/proc/self/exe", path, reinterpret_cast<const void*>(kRoom));
  if (length <= 0 || static_cast<size_t>(length) >= kRoom) return;
  size_t end = static_cast<size_t>(length);
  while (end > 0 && path[end - 1] != '/') --end;
  for (const char c : kName) path[end++] = c;
  // Returns when there is no such program, which run_front() looks for elsewhere, too.
  (void)system_call(SYS_execve, path, argv, argv + argc + 1);
}

__asm__(R"(
  .text
  .globl plasmite_start
  .type plasmite_start, @function
plasmite_start:
  .cfi_startproc
  .cfi_undefined rip
  xor %ebp, %ebp
  mov %rsp, %rbx
  mov %rdx, %r12
  mov %rsp, %rdi
  and $-16, %rsp
  call plasmite_become_commands
  mov %rbx, %rsp
  mov %r12, %rdx
  jmp _start
  .cfi_endproc
  .size plasmite_start, . - plasmite_start
)");

#endif
