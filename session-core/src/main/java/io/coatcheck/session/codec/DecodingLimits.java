package io.coatcheck.session.codec;

/** How large an encoding may be, and what may come out of it. */
record DecodingLimits(int depth, int references, int arrayLength, int bytes) {}
