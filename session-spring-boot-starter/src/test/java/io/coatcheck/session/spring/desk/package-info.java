/** An application that logs users in and out in unusual ways. */
@org.jspecify.annotations.NullMarked
package io.coatcheck.session.spring.desk;
