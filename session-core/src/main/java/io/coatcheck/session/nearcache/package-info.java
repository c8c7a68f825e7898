/** Copies of sessions that a remote store keeps. */
@NullMarked
package io.coatcheck.session.nearcache;

import org.jspecify.annotations.NullMarked;
