/* y = A x for a symmetric A of which only the entries left of the diagonal are stored, and those of ghosts' columns.

   Rows are passed in turn. Entry (i, j) serves row i, and as (j, i) row j, whose own sum is already in y: so y need not
   be set to zero before, and each entry is read once. While ghosts' values travel, the columns of owned nodes are
   multiplied. PETSc's functions come as pointers: nothing is linked, and its headers are not needed. */

#include <string.h>

typedef struct {
    int (*context)(void *matrix, void *context);
    int (*begin)(void *scatter, void *from, void *to, int mode, int direction);
    int (*end)(void *scatter, void *from, void *to, int mode, int direction);
    int (*read)(void *vector, const double **values);
    int (*unread)(void *vector, const double **values);
    int (*write)(void *vector, double **values);
    int (*unwrite)(void *vector, double **values);
} Petsc;

typedef struct {
    long n;                      /* owned rows */
    const int *ends, *columns;   /* of the entries left of the diagonal: row i has ends[i] to ends[i + 1] */
    const double *below, *diagonal;
    long n_far;                  /* rows with ghosts' columns */
    const int *far_rows, *far_ends, *far_columns;
    const double *far;
    void *scatter, *ghosts;      /* brings the ghosts' values; NULL where there is one rank */
} Matrix;

static Petsc petsc;

/* Before all else; the same for all matrices. */
void know(const Petsc *functions)
{
    petsc = *functions;
}

static void near_columns(const Matrix *a, const double *restrict x, double *restrict y)
{
    const int *restrict ends = a->ends, *restrict columns = a->columns;
    const double *restrict below = a->below, *restrict diagonal = a->diagonal;
    for (long i = 0; i < a->n; ++i) {
        double xi = x[i], sum = diagonal[i] * xi;
        for (int k = ends[i]; k < ends[i + 1]; ++k) {
            sum += below[k] * x[columns[k]];
            y[columns[k]] += below[k] * xi;
        }
        y[i] = sum;
    }
}

static void far_columns(const Matrix *a, const double *restrict ghosts, double *restrict y)
{
    for (long row = 0; row < a->n_far; ++row) {
        double sum = 0.0;
        for (int k = a->far_ends[row]; k < a->far_ends[row + 1]; ++k)
            sum += a->far[k] * ghosts[a->far_columns[k]];
        y[a->far_rows[row]] += sum;
    }
}

/* y = A x, as PETSc calls a shell's MatMult; returns PETSc's error code. */
int multiply(void *matrix, void *x, void *y)
{
    enum { INSERT = 1, FORWARD = 0 };
    const Matrix *a;
    const double *from, *ghosts;
    double *to;
    int error;
    if ((error = petsc.context(matrix, &a)))
        return error;
    if (a->scatter && (error = petsc.begin(a->scatter, x, a->ghosts, INSERT, FORWARD)))
        return error;
    if ((error = petsc.read(x, &from)) || (error = petsc.write(y, &to)))
        return error;
    near_columns(a, from, to);
    if ((error = petsc.unread(x, &from)))
        return error;
    if (a->scatter) {
        if ((error = petsc.end(a->scatter, x, a->ghosts, INSERT, FORWARD)) || (error = petsc.read(a->ghosts, &ghosts)))
            return error;
        far_columns(a, ghosts, to);
        if ((error = petsc.unread(a->ghosts, &ghosts)))
            return error;
    }
    return petsc.unwrite(y, &to);
}

/* Likewise MatGetDiagonal. */
int diagonal(void *matrix, void *result)
{
    const Matrix *a;
    double *to;
    int error;
    if ((error = petsc.context(matrix, &a)) || (error = petsc.write(result, &to)))
        return error;
    memcpy(to, a->diagonal, a->n * sizeof(double));
    return petsc.unwrite(result, &to);
}
