/* First arrival on a mesh of simplices by label correcting in the order of a heap.

   A simplex is known by the squared travel times d between its nodes. A wave that enters through the nodes i of a face
   with times t_i reaches the opposite node q at the smallest  mu = sum w_i t_i + |sum w_i (x_i - x_q)|  over convex
   weights w. With the Gram matrix  G_ij = (d_qi + d_qj - d_ij) / 2  and C = det(G) inverse(G), inside the face

       (mu 1 - t) . C (mu 1 - t) = det G,      w proportional to C (mu 1 - t),

   which holds if all w >= 0; else the minimum lies on an edge or at a node, where the same two lines hold. A node that
   falls is tried again in whatever it touches, so the end does not depend on the order, and obtuse angles cost only
   repetitions: Bornemann & Rasch 2006 (Comput Visual Sci 9:57, Hopf-Lax update); Fu et al. 2013 (SIAM J Sci Comput
   35:c473, local solver on tetrahedra). */

#include <math.h>

#define TOLERANCE 1e-12 /* ms: a smaller fall is rounding */

typedef struct {
    const int *elements;   /* (n_elements, 4) nodes, -1 pads */
    const double *squares; /* (n_elements, 6) ms^2 between the pairs 01 02 03 12 13 23 */
    const int *first;      /* (n_nodes + 1) where a node's elements begin in touching */
    const int *touching;
    double *times;         /* (n_nodes) ms */
    int *heap;             /* nodes whose fall is not yet passed on, the earliest first */
    int *place;            /* (n_nodes) of each node in the heap, -1 outside */
    long count, passed;    /* nodes in the heap; nodes taken from it so far */
} Front;

static const int PAIR[4][4] = {{-1, 0, 1, 2}, {0, -1, 3, 4}, {1, 3, -1, 5}, {2, 4, 5, -1}};

static void settle(Front *f, int node, long at)
{
    f->heap[at] = node;
    f->place[node] = (int)at;
}

static void rise(Front *f, int node, long at)
{
    while (at > 0) {
        long above = (at - 1) / 2;
        if (f->times[f->heap[above]] <= f->times[node]) break;
        settle(f, f->heap[above], at);
        at = above;
    }
    settle(f, node, at);
}

static int earliest(Front *f)
{
    int top = f->heap[0], node = f->heap[--f->count];
    long at = 0;
    f->place[top] = -1;
    if (!f->count) return top;
    for (long below = 1; below < f->count; below = 2 * at + 1) {
        if (below + 1 < f->count && f->times[f->heap[below + 1]] < f->times[f->heap[below]]) below++;
        if (f->times[node] <= f->times[f->heap[below]]) break;
        settle(f, f->heap[below], at);
        at = below;
    }
    settle(f, node, at);
    return top;
}

static void lower(Front *f, int node, double time)
{
    if (!(time < f->times[node] - TOLERANCE)) return;
    f->times[node] = time;
    rise(f, node, f->place[node] >= 0 ? f->place[node] : f->count++);
}

/* Through the edge p-a, after the time of p; t = time of a less that of p, which is also the answer's zero. */
static double through_edge(double pp, double aa, double pa, double t)
{
    double length = pp + aa - 2 * pa, det = pp * aa - pa * pa, root = det * (length - t * t);
    if (!(root > 0) || !(det > 0)) return INFINITY;
    double mu = (t * (pp - pa) + sqrt(root)) / length;
    return aa * mu >= pa * (mu - t) && pp * (mu - t) >= pa * mu ? mu : INFINITY;
}

/* Through the face p-a-b, likewise; g = pp, aa, bb, pa, pb, ab of the Gram matrix. */
static double through_face(const double *g, double s, double t)
{
    double c00 = g[1] * g[2] - g[5] * g[5], c11 = g[0] * g[2] - g[4] * g[4], c22 = g[0] * g[1] - g[3] * g[3];
    double c01 = g[4] * g[5] - g[3] * g[2], c02 = g[3] * g[5] - g[4] * g[1], c12 = g[3] * g[4] - g[5] * g[0];
    double det = g[0] * c00 + g[3] * c01 + g[4] * c02;
    double r0 = c00 + c01 + c02, r1 = c01 + c11 + c12, r2 = c02 + c12 + c22;
    double sum = r0 + r1 + r2, mean = r1 * s + r2 * t, square = c11 * s * s + 2 * c12 * s * t + c22 * t * t;
    double root = mean * mean - sum * (square - det);
    if (!(root > 0) || !(det > 0)) return INFINITY;
    double mu = (mean + sqrt(root)) / sum;
    int inside = r0 * mu >= c01 * s + c02 * t && r1 * mu >= c11 * s + c12 * t && r2 * mu >= c12 * s + c22 * t;
    return inside ? mu : INFINITY;
}

/* Earliest arrival at node j of an element through node i, alone or with others of its nodes. */
static double arrival(const Front *f, const int *nodes, const double *d, int i, int j)
{
    double begin = f->times[nodes[i]], g[6], later[2];
    int others = 0, acute = 1;
    g[0] = d[PAIR[i][j]];
    for (int k = 0; k < 4 && nodes[k] >= 0; k++) {
        if (k == i || k == j) continue;
        later[others] = f->times[nodes[k]] - begin;
        g[1 + others] = d[PAIR[k][j]];
        g[3 + others] = (g[0] + d[PAIR[k][j]] - d[PAIR[i][k]]) / 2;
        acute &= g[3 + others] >= 0;
        others++;
    }
    if (acute && begin >= f->times[nodes[j]]) return INFINITY; /* then i adds nothing: t_i = mu - (G w)_i / |w| <= mu */
    if (others == 2 && isfinite(later[0]) && isfinite(later[1])) {
        g[5] = (g[1] + g[2] - d[5 - PAIR[i][j]]) / 2; /* the pair opposite to i-j */
        double inside = through_face(g, later[0], later[1]);
        if (inside < INFINITY) return begin + inside;
    }
    double best = sqrt(g[0]);
    for (int k = 0; k < others; k++) best = fmin(best, through_edge(g[0], g[1 + k], g[3 + k], later[k]));
    return begin + best;
}

/* Give nodes times that they may fall to: of sources, or what other ranks found. */
void lower_all(Front *f, long n, const int *nodes, const double *times)
{
    for (long k = 0; k < n; k++) lower(f, nodes[k], times[k]);
}

/* Pass on all falls up to the time limit; returns the time of the earliest that remains, or infinity. */
double sweep(Front *f, double limit)
{
    while (f->count && f->times[f->heap[0]] <= limit) {
        int node = earliest(f);
        f->passed++;
        for (int k = f->first[node]; k < f->first[node + 1]; k++) {
            const int *nodes = f->elements + 4 * (long)f->touching[k];
            const double *d = f->squares + 6 * (long)f->touching[k];
            int i = 0;
            while (nodes[i] != node) i++;
            for (int j = 0; j < 4 && nodes[j] >= 0; j++)
                if (j != i) lower(f, nodes[j], arrival(f, nodes, d, i, j));
        }
    }
    return f->count ? f->times[f->heap[0]] : INFINITY;
}
