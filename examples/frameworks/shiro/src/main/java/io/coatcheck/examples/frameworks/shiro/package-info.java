/** A shop on Apache Shiro. */
@NullMarked
package io.coatcheck.examples.frameworks.shiro;

import org.jspecify.annotations.NullMarked;
