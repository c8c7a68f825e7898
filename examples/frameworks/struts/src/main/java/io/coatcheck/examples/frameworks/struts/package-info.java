/** A shop on Apache Struts. */
@NullMarked
package io.coatcheck.examples.frameworks.struts;

import org.jspecify.annotations.NullMarked;
