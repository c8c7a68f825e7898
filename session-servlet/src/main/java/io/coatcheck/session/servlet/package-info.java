/** Sessions for servlets: one filter, and the types that belong to it. */
@NullMarked
package io.coatcheck.session.servlet;

import org.jspecify.annotations.NullMarked;
