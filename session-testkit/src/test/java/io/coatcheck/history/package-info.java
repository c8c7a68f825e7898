/** Histories of many clients on several nodes, with what the tests of stores need for them. */
@NullMarked
package io.coatcheck.history;

import org.jspecify.annotations.NullMarked;
