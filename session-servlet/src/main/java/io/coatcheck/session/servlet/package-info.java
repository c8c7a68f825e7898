/** Sessions for servlets: one filter, and what goes with it. */
@NullMarked
package io.coatcheck.session.servlet;

import org.jspecify.annotations.NullMarked;
