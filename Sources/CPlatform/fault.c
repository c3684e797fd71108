// SPDX-License-Identifier: MIT
#include "fault.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CPlatform.h"

// Descriptors above this one are not looked at when the process ends by a fault.
enum { descriptor_end = 1 << 16 };

static struct sigaction before[NSIG];
static atomic_bool lets_go_of_sockets;

void fault_handle(int number, fault_handler handler) {
    struct sigaction action = {0};
    action.sa_sigaction = handler;
    // The stack may be what has gone wrong.
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, &before[number]);
}

static void pass_on(int number, siginfo_t *info, void *context) {
    const struct sigaction *action = &before[number];
    if ((action->sa_flags & SA_SIGINFO) != 0 && action->sa_sigaction != NULL) {
        action->sa_sigaction(number, info, context);
        return;
    }
    if (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN) {
        action->sa_handler(number);
        return;
    }
    struct sigaction standard = {0};
    standard.sa_handler = SIG_DFL;
    sigaction(number, &standard, NULL);
    // A fault comes again as soon as the handler has returned; a signal that somebody sent does not.
    if (info->si_code <= 0) raise(number);
}

void bn_descriptors_close_on_exec(void) {
#ifdef SYS_close_range
    const unsigned int only_mark = 4;  // CLOSE_RANGE_CLOEXEC
    if (syscall(SYS_close_range, 3u, ~0u, only_mark) == 0) return;
#endif
    for (int descriptor = 3; descriptor < descriptor_end; descriptor++) {
        const int flags = fcntl(descriptor, F_GETFD);
        if (flags >= 0) fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC);
    }
}

// Peers learn at once that nobody is behind their connections any more, and the ports are free, however long the
// runtime then takes to write down what happened. Nothing is closed: a number that another thread still writes to
// must not become another file's.
static void let_go_of_sockets(void) {
    bn_descriptors_close_on_exec();
    struct rlimit limit;
    int end = descriptor_end;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < descriptor_end) end = (int)limit.rlim_cur;
    for (int descriptor = 3; descriptor < end; descriptor++) shutdown(descriptor, SHUT_RDWR);
}

void fault_end(int number, siginfo_t *info, void *context) {
    if (atomic_exchange(&lets_go_of_sockets, false)) let_go_of_sockets();
    pass_on(number, info, context);
}

static void handle_all(void) {
    static const int numbers[] = {SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGSEGV};
    for (size_t index = 0; index < sizeof numbers / sizeof numbers[0]; index++)
        fault_handle(numbers[index], fault_end);
    fault_guard_mappings();
}

void bn_faults_let_go_of_sockets(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, handle_all);
    atomic_store(&lets_go_of_sockets, true);
}
