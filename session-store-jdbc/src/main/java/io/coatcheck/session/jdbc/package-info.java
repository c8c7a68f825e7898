/** Sessions in a relational database: one table, one row per session. */
@NullMarked
package io.coatcheck.session.jdbc;

import org.jspecify.annotations.NullMarked;
