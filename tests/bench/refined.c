/* y = K x on a mesh of tetrahedra each of which is cut into n^3 children, from the parents' stencils alone.

   Nodes of a parent: n >= a >= b >= c >= 0, rows along a. A node's weights depend on the parent's faces on which it lies:
   bits 1 (a = n), 2 (a = b), 4 (b = c), 8 (c = 0). Beyond these faces weights are 0; what is read there does not count. */
#include <string.h>

enum { MOST = 32, WIDE = 8, REACH = 15, KINDS = 16, SIZE = (MOST + 1) * (MOST + 2) * (MOST + 3) / 6 };

static const int reach[REACH][3] = {{0, 0, 0},  {0, 0, 1},  {0, 1, 0},  {0, 1, 1},   {1, 0, 0},   {1, 0, 1},   {1, 1, 0},  {1, 1, 1},
                                    {0, 0, -1}, {0, -1, 0}, {0, -1, -1}, {-1, 0, 0}, {-1, 0, -1}, {-1, -1, 0}, {-1, -1, -1}};

typedef struct { long b, c; int at[REACH]; } Row; /* at: where its neighbours' rows begin, its own first */

/* Whole vectors: what is written beyond the row's end is written again by the rows that follow. */
static void within(const double *weights, const int *at, const double *x, double *y, long first, long last)
{
    double w[REACH];
    memcpy(w, weights, sizeof w);
    for (; first < last; first += WIDE) {
#pragma omp simd
        for (long a = first; a < first + WIDE; ++a) {
            double sum = 0.0;
            for (int d = 0; d < REACH; ++d)
                sum += w[d] * x[at[d] + a];
            y[at[0] + a] = sum;
        }
    }
}

static void node(const double *w, const int *at, const double *x, double *y, long a)
{
    double sums[3] = {0.0, 0.0, 0.0}; /* three chains of additions, not one */
    for (int d = 0; d < REACH; d += 3)
        for (int k = 0; k < 3; ++k)
            sums[k] += w[d + k] * x[at[d + k] + a];
    y[at[0] + a] = sums[0] + sums[1] + sums[2];
}

static void parent(long n, const Row *rows, const double *weights, const double *x, double *y)
{
    for (const Row *row = rows; row < rows + (n + 1) * (n + 2) / 2; ++row) {
        const double *kind = weights + ((row->b == row->c) * 4 + (row->c == 0) * 8) * REACH;
        int short_row = row->b == n;
        if (!short_row) {
            within(kind, row->at, x, y, row->b + 1, n);
            node(kind + 2 * REACH, row->at, x, y, row->b);
        }
        node(kind + (1 + 2 * short_row) * REACH, row->at, x, y, n);
    }
}

/* The rows of a parent; returns the number of its nodes. */
static long lay_out(long n, Row *rows)
{
    static int start[MOST + 1][MOST + 1];
    int size = 0;
    for (long b = 0; b <= n; ++b)
        for (long c = 0; c <= b; ++c) {
            start[b][c] = size - b;
            size += n - b + 1;
        }
    for (long b = 0; b <= n; ++b)
        for (long c = 0; c <= b; ++c, ++rows) {
            rows->b = b;
            rows->c = c;
            for (int d = 0; d < REACH; ++d) {
                long near = b + reach[d][1], deep = c + reach[d][2];
                int inside = near >= 0 && near <= n && deep >= 0 && deep <= near;
                rows->at[d] = inside ? start[near][deep] + reach[d][0] : start[b][c];
            }
        }
    return size;
}

/* nodes (n_parents, size), weights (n_parents, KINDS, REACH), x and y (n_nodes,) */
void act(long n_parents, long n, const int *nodes, const double *weights, long n_nodes, const double *x, double *y)
{
    static Row rows[(MOST + 1) * (MOST + 2) / 2];
    static double values[SIZE + 2 * MOST], sums[SIZE + 2 * MOST]; /* with room beyond the first and last rows */
    double *in = values + MOST, *out = sums + MOST;
    long size = lay_out(n, rows);
    memset(y, 0, n_nodes * sizeof *y);
    for (long e = 0; e < n_parents; ++e, nodes += size, weights += KINDS * REACH) {
        for (long i = 0; i < size; ++i)
            in[i] = x[nodes[i]];
        parent(n, rows, weights, in, out);
        for (long i = 0; i < size; ++i)
            y[nodes[i]] += out[i];
    }
}
