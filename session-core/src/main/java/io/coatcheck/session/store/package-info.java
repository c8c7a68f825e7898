/** What a store author implements. Nothing here knows the engine. */
@NullMarked
package io.coatcheck.session.store;

import org.jspecify.annotations.NullMarked;
