// libfcgi 2.4.2…2.4.7, and the two Linux calls that Swift's Glibc module lacks (epoll, accept4).
#ifndef CFASTCGI_SHIM_H
#define CFASTCGI_SHIM_H

// Not with _GNU_SOURCE: fd_set would then have other member names than in Swift's Glibc module, and the compiler refuses
// a build in which both are seen. What it would declare is declared here.
#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

// Reads the next request from a connection we accepted ourselves; blocks at most for SO_RCVTIMEO in each read.
// With ipcFd set and no listening socket FCGX_Accept_r never reaches accept(2). keepConnection stands at 1 because
// it begins with FCGX_Finish_r, which would close the descriptor otherwise. 0, or negative: libfcgi closed the descriptor.
static inline int shim_begin(FCGX_Request *request, int fd) {
    request->ipcFd = fd;
    request->keepConnection = 1;
    return FCGX_Accept_r(request);
}

// epoll_event is packed and epoll_data_t is a union, so neither is exposed to Swift.
static inline int shim_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return epoll_ctl(epoll, operation, fd, &event);
}

typedef struct { uint32_t events; uint64_t token; } shim_event;

// Takes at most 64 events, waiting up to `timeout` ms for the first (-1: without limit). Their number, or -1 with errno.
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

// The uid of the process at the other end of a unix socket; -1 where it has none.
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

// The signals that steer a process, blocked in every thread (call before the first one starts) and read from a descriptor.
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
