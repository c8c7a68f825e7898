/** Encodes the values of attributes as bytes, and decodes bytes that may be hostile. */
@NullMarked
package io.coatcheck.session.codec;

import org.jspecify.annotations.NullMarked;
