/** A site with a login, roles and a page of devices. Its sessions need the starter and no code. */
@org.jspecify.annotations.NullMarked
package io.coatcheck.examples.springboot;
