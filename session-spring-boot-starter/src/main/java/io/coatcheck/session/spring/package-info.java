/** Coatcheck in Spring Boot applications: auto-configuration and the bridge to Spring Security. */
@NullMarked
package io.coatcheck.session.spring;

import org.jspecify.annotations.NullMarked;
