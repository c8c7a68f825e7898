package io.coatcheck.session.spring.kiosk;

import org.springframework.boot.autoconfigure.SpringBootApplication;

/** Sells newspapers to members. */
@SpringBootApplication
public class Kiosk {}
