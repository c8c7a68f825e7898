/** An application of a user: it knows Spring Boot and Spring Security, and not Coatcheck. */
@org.jspecify.annotations.NullMarked
package io.coatcheck.session.spring.shop;
