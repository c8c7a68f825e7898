/**
 * How the value of an attribute becomes bytes, and how bytes that may be hostile become a value
 * again.
 */
@NullMarked
package io.coatcheck.session.codec;

import org.jspecify.annotations.NullMarked;
