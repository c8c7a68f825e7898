/** An application of the kind that is tested with {@code MockMvc}. */
@org.jspecify.annotations.NullMarked
package io.coatcheck.session.spring.kiosk;
