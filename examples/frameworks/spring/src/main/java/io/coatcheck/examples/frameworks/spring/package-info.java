/** A shop on Spring Boot whose sessions are kept by Coatcheck. */
@NullMarked
package io.coatcheck.examples.frameworks.spring;

import org.jspecify.annotations.NullMarked;
