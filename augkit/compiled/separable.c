/* stub */
#include "sampling.h"
int augkit_is_separable(const Job *job) { (void)job; return 0; }
int augkit_separable(const Job *job) { (void)job; return 0; }
