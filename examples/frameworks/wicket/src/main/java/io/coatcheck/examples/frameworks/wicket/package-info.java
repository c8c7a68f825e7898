/** A shop on Apache Wicket. */
@NullMarked
package io.coatcheck.examples.frameworks.wicket;

import org.jspecify.annotations.NullMarked;
