package io.coatcheck.session.codec;

/** The limits on an encoding and on what it decodes to. */
record DecodingLimits(int depth, int references, int arrayLength, int bytes) {}
