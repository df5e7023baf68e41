// libfcgi 2.4.2…2.4.7, and calls that Swift's Glibc module lacks (epoll, eventfd, signalfd, accept4, mallopt).
#ifndef CFASTCGI_SHIM_H
#define CFASTCGI_SHIM_H

// _GNU_SOURCE is not defined: with it, the members of fd_set would have other names than in Swift's Glibc module, and
// the compiler rejects a build that sees both. What it would declare is declared here instead.
#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

// Reads the next request from a connection that was accepted without libfcgi. Each read blocks for at most SO_RCVTIMEO.
// Because ipcFd is set, FCGX_Accept_r doesn't call accept(2). It begins with FCGX_Finish_r, which would close the
// descriptor if keepConnection were 0. Returns 0, or a negative number if libfcgi has closed the descriptor.
static inline int shim_begin(FCGX_Request *request, int fd) {
    request->ipcFd = fd;
    request->keepConnection = 1;
    return FCGX_Accept_r(request);
}

// struct epoll_event is packed and epoll_data_t is a union, so neither is exposed to Swift.
static inline int shim_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return epoll_ctl(epoll, operation, fd, &event);
}

typedef struct { uint32_t events; uint64_t token; } shim_event;

// Takes at most 64 events, and waits up to `timeout` ms for the first, or without limit if it is -1. Returns the number
// of events, or -1 with errno set.
static inline int shim_epoll_wait(int epoll, shim_event *events, int capacity, int timeout) {
    struct epoll_event found[64];
    int count = epoll_wait(epoll, found, capacity < 64 ? capacity : 64, timeout);
    for (int i = 0; i < count; i++) events[i] = (shim_event){.events = found[i].events, .token = found[i].data.u64};
    return count;
}

extern int accept4(int socket, struct sockaddr *address, socklen_t *size, int flags);
static inline int shim_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC); }

static inline int shim_set_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 || (flags & O_NONBLOCK) ? flags : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

// The uid of the process at the other end of a unix socket, or -1.
static inline int64_t shim_peer_uid(int fd) {
    struct { pid_t pid; uid_t uid; gid_t gid; } peer;  // struct ucred
    socklen_t size = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? (int64_t)peer.uid : -1;
}

static inline int shim_family(int fd) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    return getsockname(fd, (struct sockaddr *)&address, &size) == 0 ? address.ss_family : -1;
}

static inline int shim_is_listening(int fd) {
    int listening = 0;
    socklen_t size = sizeof listening;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

// Blocks the signals that control the process and returns a descriptor to read them from, or -1. Threads that start
// later inherit the mask. Also ignores SIGPIPE, so that writing to a connection that its peer has closed is only an
// error.
static inline int shim_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

#endif
