use rstest::rstest;

use super::*;

fn trace(text: &str) -> RequestTrace {
    read(text.as_bytes(), None, None, "r.csv").unwrap()
}

fn failure(text: &[u8], format: Option<RequestFormat>) -> String {
    read(text, format, None, "r.csv").unwrap_err().to_string()
}

#[test]
fn native_rates_hold_until_the_next_row() {
    let text = "t_s,rate_rps,tokens_in,tokens_out\n0,2.5,100,20\n60,4,,\n180,1,50,10\n";
    let trace = trace(text);
    assert_eq!((trace.step_s(), trace.start_s(), trace.end_s()), (60, 0, 300));
    let rates: Vec<f64> = trace.steps().iter().map(|s| s.rate_rps).collect();
    assert_eq!(rates, [2.5, 4.0, 4.0, 1.0, 1.0]);
    assert_eq!(
        (trace.at(59).tokens_in, trace.at(60).tokens_in),
        (Some(100.0), None)
    );
    assert!((trace.requests() - 60.0 * 12.5).abs() < 1e-9);
    assert!(
        trace
            .assumptions()
            .iter()
            .any(|a| a.contains("cut into steps of 60 s"))
    );
}

#[test]
fn azure_requests_of_both_years_are_counted_by_the_minute() {
    let code = "TIMESTAMP,ContextTokens,GeneratedTokens\n\
                2023-11-16 18:17:03.9799600,4808,10\n2023-11-16 18:17:04.0319600,3180,8\n\
                2023-11-16 18:19:00.0000000,110,27\n";
    let read = trace(code);
    assert_eq!(read.start().unwrap().to_string(), "2023-11-16T18:17:00");
    assert_eq!((read.start_s(), read.steps().len()), (0, 3));
    let first = read.steps()[0];
    assert!((first.rate_rps - 2.0 / 60.0).abs() < 1e-15);
    assert_eq!((first.tokens_in, first.tokens_out), (Some(3_994.0), Some(9.0)));
    assert_eq!(read.steps()[1], RequestStep::default());
    // The week of 2024 has an offset; columns may stand in another order and in quotes.
    let week =
        "GeneratedTokens,\"TIMESTAMP\",ContextTokens\r\n5,\"2024-05-10 00:00:00.009930+00:00\",2162\r\n";
    let read = trace(week);
    assert_eq!(read.start().unwrap().to_string(), "2024-05-10T00:00:00");
    assert_eq!(read.steps()[0].tokens_out, Some(5.0));
}

#[test]
fn burstgpt_failures_arrive_but_have_no_answer() {
    let text = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n\
                5,ChatGPT,472,18,490,Conversation log\n45,GPT-4,1087,0,1087,API log\n118,ChatGPT,417,276,693,API log\n";
    let trace = trace(text);
    assert_eq!(trace.steps().len(), 2);
    assert_eq!(trace.steps()[0].tokens_in, Some(779.5));
    assert_eq!(trace.steps()[0].tokens_out, Some(18.0));
    assert!((trace.requests() - 3.0).abs() < 1e-12);
    assert!(
        trace
            .assumptions()
            .iter()
            .any(|a| a.starts_with("1 requests without response tokens"))
    );
}

#[test]
fn mooncake_milliseconds_become_steps() {
    let text = "{\"timestamp\": 27482, \"input_length\": 6955, \"output_length\": 52, \"hash_ids\": [46, 47]}\n\
                {\"timestamp\": 30535, \"input_length\": 6472, \"output_length\": 26, \"hash_ids\": []}\n\n\
                {\"timestamp\": 60000, \"input_length\": 1, \"output_length\": 1}\n";
    let trace = trace(text);
    assert_eq!((trace.start_s(), trace.steps().len()), (0, 2));
    assert_eq!(trace.steps()[0].tokens_in, Some(6_713.5));
    let cut = failure(
        b"{\"timestamp\": 1, \"input_length\": 5, \"output_length\": 2}\n{\"timestamp\": 2, \"inp",
        None,
    );
    assert!(cut.contains("r.csv:2: expected a JSON object"), "{cut}");
    let negative = failure(
        b"{\"timestamp\": -1, \"input_length\": 5, \"output_length\": 2}\n",
        None,
    );
    assert!(negative.contains("r.csv:1: `timestamp`"), "{negative}");
}

#[test]
fn servegen_clients_are_summed_by_window() {
    let many = "client,t_s,rate_rps,cv,dist,p1,p2\n0,0,1.5,1,Gamma,1,1\n0,600,0,0,,0,0\n7,0,2,1,Weibull,1,1\n7,600,3,1,Gamma,1,1\n";
    let both = trace(many);
    let rates: Vec<f64> = both.steps().iter().map(|s| s.rate_rps).collect();
    assert_eq!((both.step_s(), rates), (600, vec![3.5, 3.0]));
    let one = trace("0,1.5,1,Gamma,1,1\n600,0,0,,0,0\n");
    assert_eq!((one.step_s(), one.steps()[0].rate_rps), (600, 1.5));
    let gap = failure(b"0,1,1,Gamma,1,1\n600,1,1,Gamma,1,1\n1800,1,1,Gamma,1,1\n", None);
    assert!(
        gap.contains("no client has a window between 600 s and 1800 s"),
        "{gap}"
    );
}

#[test]
fn genai_samples_are_summed_over_containers_and_the_gateway_is_not_counted_twice() {
    let text = "timestamp_anon,value,container_ip,request_type\n\
                1662859176.0,0.09,,API Requests\n1662859404.0,0.09,dfe0,Generative Requests\n\
                1662859461.0,0.25,cbfb,Generative Requests\n1662859461.0,0.5,dfe0,Generative Requests\n";
    let rates = trace(text);
    assert_eq!((rates.step_s(), rates.steps().len()), (57, 2));
    assert_eq!(rates.steps()[1].rate_rps, 0.75);
    let single = "gmt_create,predict_type,predict_status,exec_time_seconds,groupId\n\
                  2024-11-15 16:57:50,TXT_2_IMG,SUCCEED,32.0,G0000\n2024-11-15 16:57:59,TXT_2_IMG,FAILED,,G0001\n";
    assert!((trace(single).requests() - 2.0).abs() < 1e-12);
}

#[test]
fn another_step_can_be_asked_for() {
    let text =
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,4808,10\n2023-11-16 18:17:14,3180,8\n";
    let fine = read(text.as_bytes(), None, Some(10), "a.csv").unwrap();
    assert_eq!((fine.step_s(), fine.steps().len(), fine.start_s()), (10, 2, 0));
    let coarse = "t_s,rate_rps\n0,1\n60,3\n120,1\n180,3\n";
    let coarse = read(coarse.as_bytes(), None, Some(120), "n.csv").unwrap();
    assert_eq!(
        coarse.steps().iter().map(|s| s.rate_rps).collect::<Vec<_>>(),
        [2.0, 2.0]
    );
}

#[rstest]
#[case(b"", "r.csv:1: the file is empty")]
#[case(b"a,b\n1,2\n", "r.csv:1: the first line fits no known format")]
#[case(b"t_s;rate_rps\n0;1\n", "fields are separated by `,`, not `;`")]
#[case(b"t_s,rate_rps\n", "r.csv:1: the table has no rows")]
#[case(b"t_s,rate_rps\n0,1\n0,1\n", "r.csv:3: column `t_s`: times must increase")]
#[case(b"t_s,rate_rps\n0,-1\n", "r.csv:2: column `rate_rps`: expected a rate")]
#[case(b"t_s,rate_rps\n0,1e300\n", "r.csv:2: column `rate_rps`: expected a rate")]
#[case(b"t_s,rate_rps\n0,inf\n", "expected a finite number")]
#[case(b"t_s,rate_rps\n0,1\0\n", "r.csv:2: the line holds a zero byte")]
#[case(b"t_s,rate_rps\n0,\xff\n", "r.csv:2: the line is not UTF-8 text")]
#[case(
    b"TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,-5,1\n",
    "r.csv:2: column `ContextTokens`: expected 0 to 1e9 tokens"
)]
#[case(
    b"TIMESTAMP,ContextTokens,GeneratedTokens\n1923-11-16 18:17:03,5,1\n2023-11-16 18:17:03,5,1\n",
    "r.csv:3: column `TIMESTAMP`: the requests lie more than"
)]
fn what_cannot_be_read_is_refused_with_its_place(#[case] text: &[u8], #[case] message: &str) {
    let failure = failure(text, None);
    assert!(failure.contains(message), "{failure}");
}
