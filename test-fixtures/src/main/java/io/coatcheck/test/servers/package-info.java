/**
 * Servers that the tests of several modules start. {@code FreePort} starts a server again on
 * another port if another process took the first; {@code Redis} and {@code PostgresServer} do so
 * for theirs.
 */
package io.coatcheck.test.servers;
