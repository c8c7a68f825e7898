package io.coatcheck.session.spring.staff;

import org.springframework.boot.autoconfigure.SpringBootApplication;

/** An application whose administrators change, and whose users leave. */
@SpringBootApplication
public class Staff {}
