/* empty SOCKET THREADS: a minimal FastCGI program, like libfcgi's example.
 *
 * Each thread accepts a request, reads its body, and answers a fixed JSON object of about the length of a real answer.
 * It checks no key, parses no JSON, signs nothing and writes no log, so that the difference between it and a real
 * endpoint is the endpoint's own work. A thread serves one connection at a time, so with fastcgi_keep_conn there must
 * be at least as many threads as nginx keeps connections.
 *
 * cc -O2 -o empty empty.c -lfcgi -lpthread
 */
#include <fcgiapp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static const char answer[] =
    "Content-Type: application/json\r\n"
    "Cache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Request-Id: 0123456789abcdef0123456789abcdef\r\n"
    "\r\n"
    "{\"upload_url\":\"https://0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com/bench/users/bench/ozon/"
    "2194435300/8388316998.jpg?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=0123456789abcdef0123456789abcdef"
    "%2F20261120%2Fauto%2Fs3%2Faws4_request&X-Amz-Date=20261120T110000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host"
    "&X-Amz-Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\","
    "\"public_url\":\"https://r0.image2url.com/users/bench/ozon/2194435300/8388316998.jpg\","
    "\"method\":\"PUT\",\"headers\":{},\"expires_at\":\"2026-11-20T12:00:00Z\"}";

static int listener;

static void *serve(void *unused)
{
    (void)unused;
    FCGX_Request request;
    char body[4096];

    if (FCGX_InitRequest(&request, listener, 0) != 0)
        exit(1);
    while (FCGX_Accept_r(&request) == 0) {
        while (FCGX_GetStr(body, sizeof body, request.in) > 0)
            ;
        FCGX_PutStr(answer, sizeof answer - 1, request.out);
        FCGX_Finish_r(&request);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    int threads = argc == 3 ? atoi(argv[2]) : 0;
    pthread_t thread;

    if (threads < 1) {
        fprintf(stderr, "usage: empty SOCKET THREADS\n");
        return 64;
    }
    FCGX_Init();
    listener = FCGX_OpenSocket(argv[1], 1024);
    if (listener < 0) {
        perror(argv[1]);
        return 1;
    }
    for (int i = 1; i < threads; i++)
        if (pthread_create(&thread, NULL, serve, NULL) != 0) {
            perror("pthread_create");
            return 1;
        }
    serve(NULL);
    return 1;
}
