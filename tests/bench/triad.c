#include <time.h>
/* STREAM's triad, a = b + 3 c (McCalpin 1995): seconds of the fastest of `repeats` passes over n doubles. */
double triad(long n, long repeats, double *restrict a, const double *restrict b, const double *restrict c)
{
    double best = 1e300;
    for (long r = 0; r < repeats; ++r) {
        struct timespec begin, end;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        for (long i = 0; i < n; ++i)
            a[i] = b[i] + 3.0 * c[i];
        clock_gettime(CLOCK_MONOTONIC, &end);
        double seconds = (end.tv_sec - begin.tv_sec) + 1e-9 * (end.tv_nsec - begin.tv_nsec);
        if (seconds < best)
            best = seconds;
    }
    return best;
}
